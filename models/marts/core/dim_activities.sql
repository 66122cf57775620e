{{ config(order_by=["activity_id"], tags=["near_real_time"]) }}

with
    reports as (
        select
            activity_id,
            activity_type,
            activity_name,
            is_named_by_learners,
            course_id,
            parent_activity_id,
            report_count as statement_count,
            first_at,
            last_at,
            last_statement_id
        from {{ ref("int_activity_days") }}
        where activity_id != ''
    ),

    {# What the statements say most often, ties by name; the latest name counts, since titles get corrected. #}
    reported_types as (
        select activity_id, activity_type, sum(statement_count) as report_count
        from reports
        group by activity_id, activity_type
        order by activity_id, activity_type = 'other', report_count desc, activity_type
        limit 1 by activity_id
    ),

    reported_parents as (
        select activity_id, parent_activity_id, sum(statement_count) as report_count
        from reports
        where parent_activity_id != ''
        group by activity_id, parent_activity_id
        order by activity_id, report_count desc, parent_activity_id
        limit 1 by activity_id
    ),

    reported_courses as (
        select activity_id, course_id, sum(statement_count) as report_count
        from reports
        where course_id != ''
        group by activity_id, course_id
        order by activity_id, report_count desc, course_id
        limit 1 by activity_id
    ),

    reported_names as (
        select
            activity_id,
            argMaxIf(
                activity_name, (last_at, last_statement_id), activity_name != ''
            ) as activity_name,
            max(is_named_by_learners) as is_named_by_learners,
            min(first_at) as first_seen_at
        from reports
        group by activity_id
    ),

    parents_of_items as (select activity_id, activity_type from reported_types),

    lengths as (select video_id, length_ms from {{ ref("int_video_lengths") }}),

    catalog_items as (
        select
            activity_id,
            main_course_id as course_id,
            module_id,
            parent_activity_id,
            title,
            activity_type,
            position,
            expected_seconds,
            word_count,
            version,
            true as is_in_catalogue
        from {{ ref("int_catalog_items__current") }}
    ),

    activities as (
        select activity_id
        from reported_names
        union distinct
        select activity_id
        from catalog_items
    ),

    final as (
        select
            activities.activity_id as activity_id,
            if(
                catalog_items.course_id != '',
                catalog_items.course_id,
                reported_courses.course_id
            ) as course_id,
            multiIf(
                catalog_items.module_id != '',
                catalog_items.module_id,
                reported_types.activity_type = 'module',
                activities.activity_id,
                parents_of_items.activity_type = 'module',
                reported_parents.parent_activity_id,
                ''
            ) as module_id,
            if(
                catalog_items.parent_activity_id != '',
                catalog_items.parent_activity_id,
                reported_parents.parent_activity_id
            ) as parent_activity_id,
            toLowCardinality(
                multiIf(
                    catalog_items.is_in_catalogue
                    and catalog_items.activity_type != 'other',
                    catalog_items.activity_type,
                    reported_types.activity_type != '',
                    reported_types.activity_type,
                    'other'
                )
            ) as activity_type,
            multiIf(
                catalog_items.title != '',
                catalog_items.title,
                reported_names.activity_name != '',
                reported_names.activity_name,
                activities.activity_id
            ) as title,
            catalog_items.position as position,
            catalog_items.expected_seconds as expected_seconds,
            if(
                lengths.length_ms > 0, toNullable(lengths.length_ms / 1000), null
            ) as length_seconds,
            toFloat64(catalog_items.word_count) as word_count,
            catalog_items.version as version,
            catalog_items.is_in_catalogue as is_in_catalogue,
            toBool(reported_names.is_named_by_learners) as is_named_by_learners,
            if(
                reported_names.activity_id != '',
                toNullable(reported_names.first_seen_at),
                null
            ) as first_seen_at
        from activities
        left join catalog_items using (activity_id)
        left join reported_types using (activity_id)
        left join reported_courses using (activity_id)
        left join reported_parents using (activity_id)
        left join reported_names on activities.activity_id = reported_names.activity_id
        left join
            parents_of_items
            on reported_parents.parent_activity_id = parents_of_items.activity_id
        left join lengths on activities.activity_id = lengths.video_id
    )

select *
from final
