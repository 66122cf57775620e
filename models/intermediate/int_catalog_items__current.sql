{{ config(engine="MergeTree()", order_by=["activity_id"], tags=["near_real_time"]) }}

with
    items as (
        select
            activity_id,
            course_id,
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
            taught_by_activity_ids
        from {{ ref("stg_catalog__items") }}
        where quarantine_reason = ''
        order by activity_id, version desc, delivered_at desc, line_hash
        limit 1 by activity_id
    ),

    activity_types as (
        select activity_type_iri, activity_type from {{ ref("activity_types") }}
    ),

    short_names as (
        select distinct activity_type as short_name, 1 as is_known
        from {{ ref("activity_types") }}
    ),

    final as (
        select
            items.activity_id as activity_id,
            items.course_id as course_id,
            items.module_id as module_id,
            items.parent_activity_id as parent_activity_id,
            items.title as title,
            multiIf(
                activity_types.activity_type != '',
                activity_types.activity_type,
                short_names.is_known = 1,
                items.reported_type,
                'other'
            ) as activity_type,
            items.position as position,
            items.expected_seconds as expected_seconds,
            items.length_seconds as length_seconds,
            items.word_count as word_count,
            items.version as version,
            items.ends_at as ends_at,
            items.taught_by_activity_ids as taught_by_activity_ids
        from items
        left join
            activity_types on items.reported_type = activity_types.activity_type_iri
        left join short_names on items.reported_type = short_names.short_name
    )

select
    activity_id,
    course_id,
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
    taught_by_activity_ids
from final
