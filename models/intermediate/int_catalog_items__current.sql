{{ config(order_by=["activity_id"], tags=["near_real_time"]) }}

with
    items as (
        select
            activity_id,
            course_id as main_course_id,
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
            line_hash,
            count() over (partition by activity_id) as listing_count
        from {{ ref("int_catalog_items__by_course") }}
    ),

    final as (
        select *, if(listing_count = 1, main_course_id, '') as course_id
        from items
        order by activity_id, version desc, delivered_at desc, line_hash
        limit 1 by activity_id
    )

select
    activity_id,
    course_id,
    main_course_id,
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
