{{
    config(
        order_by=["activity_id", "course_id"],
        tags=["near_real_time", "touched_set"],
    )
}}

{#
    Where statements count that name no course: in the only one that other statements of their activity name. A statement
    that names a second one takes the place back from all of them. A run therefore touches them when its objects may
    change the answer: they name a course that no other line does, and fewer than two are named without them. Whether
    a line is live does not matter for that, so that a run after one that was killed comes to the same.
    Lines count here, voided ones and copies too, for what is left of them is known only later.
#}
with
    states as (
        select load_key, is_live, is_touched from {{ ref("int_object_states") }}
    ),

    {# Platforms and profiles belong to no course, even where one statement about them names one. #}
    activity_types as (
        select activity_type_iri
        from {{ ref("activity_types") }}
        where activity_type in ('platform', 'profile')
    ),

    listed as (
        select activity_id
        from {{ ref("int_catalog_items__by_course") }}
        where course_id != ''
    ),

    unnamed as (
        select distinct activity_id
        from {{ ref("stg_xapi__statements") }}
        where
            course_id = ''
            and quarantine_reason = ''
            and load_key in (select load_key from states)
            and activity_type_iri not in (select activity_type_iri from activity_types)
            and activity_id not in (select activity_id from listed)
    ),

    named as (
        select
            activity_id,
            course_id,
            max(load_key in (select load_key from states where is_live)) as is_live,
            max(
                load_key in (select load_key from states where is_touched)
            ) as is_touched,
            max(
                load_key in (select load_key from states where not is_touched)
            ) as is_sure
        from {{ ref("stg_xapi__statements") }}
        where
            (select count() from unnamed) > 0
            and activity_id in (select activity_id from unnamed)
            and course_id != ''
            and quarantine_reason = ''
            and load_key in (select load_key from states)
        group by activity_id, course_id
    ),

    final as (
        select
            activity_id,
            course_id,
            is_live and sum(is_live) over of_activity = 1 as is_only_course,
            sum(is_sure) over of_activity < 2
            and max(is_touched and not is_sure) over of_activity as is_uncertain
        from named
        window of_activity as (partition by activity_id)
    )

select
    activity_id,
    course_id,
    toBool(is_only_course) as is_only_course,
    toBool(is_uncertain) as is_uncertain
from final
