{{
    config(
        order_by=["statement_key"],
        tags=["near_real_time", "touched_set"],
    )
}}

with
    touched_objects as (
        select object_key, load_key
        from {{ ref("int_object_states") }}
        where is_touched {% if is_mostly_touched() %} and false {% endif %}
    ),

    {# Lines of other objects that name no course, where this run may decide in which one they count. #}
    uncertain_activities as (
        select activity_id
        from {{ ref("int_activity_courses") }}
        where is_uncertain {% if is_mostly_touched() %} and false {% endif %}
    ),

    moved_lines as (
        select statement_key as touched_key
        from {{ ref("stg_xapi__statements") }}
        where
            (select count() from uncertain_activities) > 0
            and activity_id in (select activity_id from uncertain_activities)
            and course_id = ''
            and quarantine_reason = ''
    ),

    {#
        Read in the order written: of ten million lines the object's key alone takes 0.04 s. The key of the lake, first
        in the order of staging, leaves out some parts of it.
    #}
    touched_lines as (
        select arrayJoin([statement_key, voided_statement_key]) as touched_key
        from {{ ref("stg_xapi__statements") }}
        where
            (
                (
                    load_key in (select load_key from touched_objects)
                    and object_key in (select object_key from touched_objects)
                )
                {{ or_in_refreshed_month("occurred_at") }}
            )
            and quarantine_reason = ''
    )

select touched_key as statement_key
from touched_lines
where touched_key != 0
union distinct
select touched_key as statement_key
from moved_lines
where touched_key != 0
