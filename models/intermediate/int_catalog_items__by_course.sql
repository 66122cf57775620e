{{
    config(
        order_by=["course_id", "activity_id"],
        tags=["near_real_time"],
    )
}}

with
    items as (
        select
            activity_id,
            course_id as stated_course_id,
            module_id,
            parent_activity_id,
            title,
            reported_type,
            position,
            expected_seconds,
            length_seconds,
            word_count,
            version,
            ends_at,
            taught_by_activity_ids,
            delivered_at,
            line_hash
        from {{ ref("stg_catalog__items") }}
        where quarantine_reason = ''
        order by
            activity_id, stated_course_id, version desc, delivered_at desc, line_hash
        limit 1 by activity_id, stated_course_id
    ),

    activity_types as (
        select activity_type_iri, activity_type from {{ ref("activity_types") }}
    ),

    short_names as (
        select distinct activity_type as short_name, 1 as is_known
        from {{ ref("activity_types") }}
    ),

    typed_items as (
        select
            items.*,
            multiIf(
                activity_types.activity_type != '',
                activity_types.activity_type,
                short_names.is_known = 1,
                items.reported_type,
                'other'
            ) as activity_type,
            countIf(items.stated_course_id != '') over (
                partition by items.activity_id
            ) as course_count
        from items
        left join
            activity_types on items.reported_type = activity_types.activity_type_iri
        left join short_names on items.reported_type = short_names.short_name
    ),

    {# A course that names no course is its own. #}
    final as (
        select
            *,
            if(
                stated_course_id = '' and activity_type = 'course',
                activity_id,
                stated_course_id
            ) as course_id
        from typed_items
        where stated_course_id != '' or course_count = 0
    )

select
    course_id,
    activity_id,
    module_id,
    parent_activity_id,
    title,
    activity_type,
    position,
    expected_seconds,
    length_seconds,
    word_count,
    version,
    ends_at,
    taught_by_activity_ids,
    delivered_at,
    line_hash
from final
