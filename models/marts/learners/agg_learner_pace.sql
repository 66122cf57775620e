{{ config(order_by=["week", "learner_id"], tags=["weekly"]) }}

{%- set window_weeks = var("segment_window_weeks") %}

with
    weeks as (
        select learner_id as known_learner_id, week as known_week
        from {{ ref("agg_learner_rhythm") }}
    ),

    learners as (
        select learner_id from {{ ref("dim_learners") }} where not is_excluded
    ),

    reached as (
        select
            learner_id,
            course_id,
            addWeeks(
                toMonday(reached_at), arrayJoin(range({{ window_weeks }}))
            ) as week,
            count() as new_units
        from {{ ref("fct_unit_progress") }}
        where unit_kind = 'activity' and learner_id in (select learner_id from learners)
        group by learner_id, course_id, week
    ),

    fellows as (
        select
            course_id,
            week,
            if(
                count() < {{ var("minimum_group_size") }},
                null,
                {{
                    sorted_quantile(
                        "arraySort(groupArray(toFloat64(new_units)))", 0.5
                    )
                }}
            ) as usual_units
        from reached
        group by course_id, week
    ),

    paces as (
        select
            reached.learner_id as learner_id,
            reached.week as week,
            sum(reached.new_units) as new_unit_count,
            arraySum(
                arraySort(groupArray(ifNull(fellows.usual_units, 0)))
            ) as usual_unit_count,
            countIf(isNull(fellows.usual_units)) as lonely_course_count
        from reached
        inner join fellows using (course_id, week)
        group by learner_id, week
    )

select
    learner_id,
    week,
    new_unit_count,
    lonely_course_count,
    if(
        lonely_course_count > 0, null, {{ ratio("new_unit_count", "usual_unit_count") }}
    ) as pace_factor
from paces
where (learner_id, week) in (select known_learner_id, known_week from weeks)
