{{
    config(
        materialized="touched",
        replaces="course_id in (select course_id from {{ ref('int_touched_courses') }})",
        basis=[
            "select learner_id from {{ ref('dim_learners') }} where is_excluded",
            "select unit_id, unit_kind, activity_type, course_id, module_id, title, position "
            ~ "from {{ ref('dim_units') }}",
            "{{ listed_enrolments() }}",
        ],
        sampled_by="course_id",
        order_by=["course_id", "unit_kind", "unit_id"],
        tags=["near_real_time"],
    )
}}

with
    excluded as (select learner_id from {{ ref("dim_learners") }} where is_excluded),

    units as (
        select unit_id, unit_kind, activity_type, course_id, module_id, title, position
        from {{ ref("dim_units") }}
        where {{ is_in_touched_course() }}
    ),

    enrolments as (
        select learner_id, course_id
        from {{ ref("fct_enrolments") }}
        where
            {{ is_in_touched_course() }}
            and learner_id not in (select learner_id from excluded)
    ),

    progress as (
        select learner_id, unit_id, course_id, is_engaged, is_completed, last_active_at
        from {{ ref("fct_unit_progress") }}
        where
            {{ is_in_touched_course() }}
            and learner_id not in (select learner_id from excluded)
    ),

    course_learners as (
        select learner_id, course_id
        from enrolments
        union all
        select learner_id, course_id
        from progress
    ),

    eligible as (
        select course_id, uniqExact(learner_id) as eligible_count
        from course_learners
        group by course_id
    ),

    by_unit as (
        select
            course_id,
            unit_id,
            count() as reached_count,
            countIf(is_engaged) as engaged_count,
            countIf(is_completed) as completed_count,
            max(last_active_at) as last_active_at
        from progress
        group by course_id, unit_id
    ),

    {# Where no learner ever completed a comparable unit, completion is not reported at all, and 0 % would be a lie. #}
    final as (
        select
            units.course_id as course_id,
            units.unit_id as unit_id,
            toLowCardinality(units.unit_kind) as unit_kind,
            toLowCardinality(units.activity_type) as activity_type,
            units.module_id as module_id,
            units.title as title,
            units.position as position,
            ifNull(eligible.eligible_count, 0) as eligible_count,
            ifNull(by_unit.reached_count, 0) as reached_count,
            toBool({{ is_suppressed("reached_count") }}) as is_suppressed,
            sum(by_unit.completed_count) over (
                partition by units.course_id, units.unit_kind, units.activity_type
            )
            > 0 as is_reported,
            if(is_suppressed, null, by_unit.engaged_count) as engaged_count,
            if(
                is_suppressed or not is_reported, null, by_unit.completed_count
            ) as completed_count,
            if(
                reached_count > 0, toNullable(by_unit.last_active_at), null
            ) as last_active_at,
            toLowCardinality(
                multiIf(
                    is_suppressed, 'suppressed', not is_reported, 'not_reported', ''
                )
            ) as completion_reason,
            {{
                ratio_with_interval(
                    "reached_ratio", "reached_count", "eligible_count"
                )
            }},
            {{
                ratio_with_interval(
                    "completion_ratio", "completed_count", "reached_count"
                )
            }}
        from units
        left join by_unit using (course_id, unit_id)
        left join eligible using (course_id)
    )

select * except (is_reported)
from final
