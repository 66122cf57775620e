{{
    config(
        order_by=["unit_key"],
        tags=["near_real_time", "touched_set"],
    )
}}

{#
    What a learner does on an activity counts for the activity, its module and its assessment, and assesses all units of
    the module. From when on a learner could reach the units of a course is asked of its first event there: where that
    may be another one, or an enrolment decides otherwise by now, all units of the learner are touched (`unit_id` is
    empty). Of 97,758 rows of the learners that a drop of 50,000 touched, 17,709 were of touched units.
#}
{%- set no_progress -%}
    (
        select
            '' as learner_id,
            '' as course_id,
            '' as acquisition_channel,
            toDateTime64(0, 3, 'UTC') as reached_at,
            toDateTime64(0, 3, 'UTC') as eligible_at
        where 0
    )
{%- endset %}
{%- set progress_before = table_before("fct_unit_progress") or no_progress %}

with
    units as (
        select course_id, unit_id, ifNull(module_id, '') as module_id
        from {{ ref("dim_units") }}
    ),

    course_activities as (
        select
            course_id,
            activity_id,
            ifNull(parent_activity_id, '') as parent_activity_id,
            ifNull(module_id, '') as module_id
        from {{ ref("dim_course_activities") }}
    ),

    {# An activity without a module counts with the other units without one. #}
    places as (
        select
            activities.course_id as course_id,
            activities.activity_id as activity_id,
            arrayJoin(
                arrayConcat(
                    [activities.activity_id, activities.module_id],
                    arrayFilter(
                        place -> place != '',
                        [activities.parent_activity_id, parents.module_id]
                    )
                )
            ) as place
        from course_activities as activities
        left join
            course_activities as parents
            on activities.course_id = parents.course_id
            and activities.parent_activity_id = parents.activity_id
    ),

    touched_places as (
        select distinct
            touched.learner_id as learner_id,
            places.course_id as course_id,
            places.place as place
        from {{ ref("int_touched_activities") }} as touched
        inner join places on touched.activity_id = places.activity_id
    ),

    units_of_places as (
        select distinct course_id, unit_id, arrayJoin([unit_id, module_id]) as place
        from units
    ),

    recorded as (
        select learner_id, max(first_reached_at) as last_first_reached_at
        from
            (
                select learner_id, course_id, min(reached_at) as first_reached_at
                from {{ progress_before }}
                group by learner_id, course_id
            )
        group by learner_id
    ),

    touched_learners as (
        select learner_id, min(occurred_at) as first_touched_at
        from {{ ref("int_touched_timeline") }}
        group by learner_id
    ),

    whole_learners as (
        select touched_learners.learner_id as learner_id
        from touched_learners
        inner join recorded on touched_learners.learner_id = recorded.learner_id
        where touched_learners.first_touched_at <= recorded.last_first_reached_at
        union distinct
        select learner_id
        from {{ learners_of_outdated_progress(progress_before) }}
        union distinct
        select learner_id
        from {{ learners_placed_by_enrolment() }}
    ),

    final as (
        select distinct
            touched_places.learner_id as learner_id,
            touched_places.course_id as course_id,
            units_of_places.unit_id as unit_id
        from touched_places
        inner join
            units_of_places
            on touched_places.course_id = units_of_places.course_id
            and touched_places.place = units_of_places.place
        union all
        select learner_id, '' as course_id, '' as unit_id
        from whole_learners
    )

select
    {{ compact_key(["learner_id", "course_id", "unit_id"]) }} as unit_key,
    learner_id,
    course_id,
    unit_id
from final
