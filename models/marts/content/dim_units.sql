{{
    config(
        order_by=["course_id", "unit_id"],
    )
}}

with
    activities as (
        select
            course_id,
            activity_id,
            ifNull(activity_type, 'other') as known_type,
            ifNull(module_id, '') as known_module_id,
            title,
            position,
            toFloat64(expected_seconds) as expected_seconds,
            toFloat64(length_seconds) as length_seconds,
            toFloat64(word_count) as word_count,
            is_in_catalogue
        from {{ ref("dim_course_activities") }}
    ),

    {#
        Questions are items of an assessment, not units of their own; a type that no source declared and no catalogue lists
        (devices, tools) is not content, and neither are people, places and records of the platform.
    #}
    units as (
        select
            activity_id as unit_id,
            if(known_type = 'module', 'module', 'activity') as unit_kind,
            known_type as activity_type,
            course_id,
            if(known_type = 'module', activity_id, known_module_id) as module_id,
            title,
            position,
            expected_seconds,
            length_seconds,
            word_count
        from activities
        where
            known_type not in (
                'course',
                'question',
                'profile',
                'group',
                'category',
                'platform',
                'attempt',
                'badge',
                'solution'
            )
            and (known_type != 'other' or is_in_catalogue)
    ),

    timed_units as (
        select
            unit_id,
            unit_kind,
            activity_type,
            course_id,
            module_id,
            title,
            position,
            multiIf(
                ifNull(expected_seconds, 0) > 0,
                expected_seconds,
                unit_kind = 'activity' and ifNull(length_seconds, 0) > 0,
                length_seconds,
                unit_kind = 'activity' and ifNull(word_count, 0) > 0,
                word_count * 60 / {{ var("reading_words_per_minute") }},
                null
            ) as own_seconds,
            multiIf(
                ifNull(expected_seconds, 0) > 0,
                'catalogue',
                unit_kind = 'activity' and ifNull(length_seconds, 0) > 0,
                'video_length',
                unit_kind = 'activity' and ifNull(word_count, 0) > 0,
                'word_count',
                'none'
            ) as own_basis
        from units
    ),

    {# Sorted before the sum: a sum of floats depends on its order. #}
    leaf_sums as (
        select
            course_id,
            module_id,
            arraySum(
                arraySort(groupArray(toFloat64(ifNull(own_seconds, 0))))
            ) as leaf_seconds,
            countIf(own_basis = 'none') as unknown_leaf_count
        from timed_units
        where unit_kind = 'activity' and module_id != ''
        group by course_id, module_id
    ),

    final as (
        select
            timed_units.unit_id as unit_id,
            toLowCardinality(timed_units.unit_kind) as unit_kind,
            toLowCardinality(timed_units.activity_type) as activity_type,
            timed_units.course_id as course_id,
            timed_units.module_id as module_id,
            timed_units.title as title,
            timed_units.position as position,
            timed_units.unit_kind = 'module'
            and timed_units.own_basis = 'none'
            and leaf_sums.leaf_seconds > 0
            and leaf_sums.unknown_leaf_count = 0 as is_from_leaves,
            if(
                is_from_leaves, leaf_sums.leaf_seconds, timed_units.own_seconds
            ) as expected_seconds,
            toLowCardinality(
                if(is_from_leaves, 'leaves', timed_units.own_basis)
            ) as expected_basis
        from timed_units
        left join
            leaf_sums
            on timed_units.course_id = leaf_sums.course_id
            and timed_units.unit_id = leaf_sums.module_id
    )

select * except (is_from_leaves)
from final
