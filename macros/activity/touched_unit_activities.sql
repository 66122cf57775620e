{#
    Queries of a run on touched units of `fct_unit_progress`, which need not look at all that a learner ever did. Of
    171,741 activities of the learners that a drop of 50,000 touched, 33,486 count for a touched unit.
#}
{# Keys of a learner and an activity that counts for one of the learner's touched units. `course_activities` as there. #}
{% macro activities_of_touched_units(course_activities) -%}
    select distinct
        {{ compact_key(["touched.learner_id", "places.activity_id"]) }} as activity_key
    from {{ ref("int_touched_units") }} as touched
    inner join
        (
            select
                course_id,
                activity_id,
                arrayJoin(
                    arrayDistinct([activity_id, module_id, parent_activity_id])
                ) as unit_id
            from {{ course_activities }}
        ) as places
        on touched.course_id = places.course_id
        and touched.unit_id = places.unit_id
{%- endmacro %}

{#
    When learners first reached a course, by the table as it was. It still holds where not all units of the learner are
    touched: all that is touched came later then (`int_touched_units`). A course that is not recorded was first reached
    by touched units only.
#}
{% macro recorded_first_reached() -%}
    select
        learner_id, course_id, min(reached_at) as recorded_reached_at, 1 as is_recorded
    from {{ this }}
    where
        learner_id in (select learner_id from {{ ref("int_touched_units") }})
        and learner_id not in (
            select learner_id from {{ ref("int_touched_units") }} where unit_id = ''
        )
    group by learner_id, course_id
{%- endmacro %}
