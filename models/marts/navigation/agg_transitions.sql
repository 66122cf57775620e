{{
    config(
        order_by=[
            "course_id",
            "from_activity_id",
            "is_exit",
            "to_activity_id",
        ],
        tags=["nightly"],
    )
}}

with
    learners as (
        select learner_id from {{ ref("dim_learners") }} where not is_excluded
    ),

    activities as (
        select activity_id, activity_type, title from {{ ref("dim_activities") }}
    ),

    units as (
        select unit_id, course_id, module_id, position
        from {{ ref("dim_units") }}
        where unit_kind = 'activity' and isNotNull(position)
    ),

    {# Who stops at the end of a module stops where one may; after the last unit of the course nothing is left. #}
    ends_of_courses as (
        select
            unit_id,
            course_id,
            count() over (partition by unit_id) as course_count,
            position = max(position) over (partition by course_id) as is_last_unit,
            module_id != ''
            and position
            = max(position) over (partition by course_id, module_id) as is_module_end
        from units
    ),

    {# A visit that names no course is in the unit's only one. #}
    ends as (
        select unit_id, course_id as visit_course_id, is_last_unit, is_module_end
        from ends_of_courses
        union all
        select unit_id, '' as visit_course_id, is_last_unit, is_module_end
        from ends_of_courses
        where course_count = 1
    ),

    {# Where an open session will go on to is not known yet: its last visit has no departure. #}
    visits as (
        select
            course_id as from_course_id,
            activity_id as from_activity_id,
            learner_id,
            is_session_end
        from {{ ref("fct_activity_visits") }}
        where not is_provisional and learner_id in (select learner_id from learners)
    ),

    moves as (
        select
            from_course_id,
            from_activity_id,
            to_activity_id,
            step,
            learner_id,
            {{ milliseconds("dwell_seconds") }} as dwell_ms
        from {{ ref("fct_navigation") }}
        where learner_id in (select learner_id from learners)
    ),

    departures as (
        select
            from_course_id,
            from_activity_id,
            count() as departure_count,
            uniqExact(learner_id) as departed_learner_count,
            countIf(is_session_end) as exit_count
        from visits
        group by from_course_id, from_activity_id
    ),

    {#
        The median of the course's activities of one type, at the end of a module or not, is what is usual there; a
        bad one cannot drag it.
    #}
    rated_departures as (
        select
            departures.from_course_id as from_course_id,
            departures.from_activity_id as from_activity_id,
            activities.activity_type as from_activity_type,
            activities.title as from_title,
            departures.departure_count as departure_count,
            departures.departed_learner_count as departed_learner_count,
            departures.exit_count as exit_count,
            ifNull(ends.is_last_unit, false) as is_last_unit,
            ifNull(ends.is_module_end, false) as is_module_end,
            {{ is_suppressed("departed_learner_count") }} as is_suppressed,
            {{
                suppressed(
                    ratio("exit_count", "departure_count"), "departed_learner_count"
                )
            }} as exit_ratio
        from departures
        inner join activities on departures.from_activity_id = activities.activity_id
        left join
            ends
            on departures.from_activity_id = ends.unit_id
            and departures.from_course_id = ends.visit_course_id
    ),

    {# The interval counts each learner once, because the moves of one learner hang together. #}
    compared_departures as (
        select
            *,
            {{
                wilson_low(
                    "exit_ratio * departed_learner_count", "departed_learner_count"
                )
            }} as exit_ratio_low,
            {{
                wilson_high(
                    "exit_ratio * departed_learner_count", "departed_learner_count"
                )
            }} as exit_ratio_high,
            arraySort(groupArray(exit_ratio) over comparable) as comparable_ratios,
            {{ sorted_quantile("comparable_ratios", 0.5) }} as usual_exit_ratio
        from rated_departures
        window
            comparable as (
                partition by from_course_id, from_activity_type, is_module_end
                rows between unbounded preceding and unbounded following
            )
    ),

    transitions as (
        select
            from_course_id,
            from_activity_id,
            to_activity_id,
            step,
            false as is_exit,
            count() as transition_count,
            uniqExact(learner_id) as learner_count,
            quantileExactInclusive(0.5)
            (dwell_ms) as median_dwell_ms
        from moves
        group by from_course_id, from_activity_id, to_activity_id, step
        union all
        select
            from_course_id,
            from_activity_id,
            '' as to_activity_id,
            'none' as step,
            true as is_exit,
            count() as transition_count,
            uniqExact(learner_id) as learner_count,
            0 as median_dwell_ms
        from visits
        where is_session_end
        group by from_course_id, from_activity_id
    ),

    final as (
        select
            transitions.from_course_id as course_id,
            transitions.from_activity_id as from_activity_id,
            transitions.to_activity_id as to_activity_id,
            transitions.step as step,
            transitions.is_exit as is_exit,
            transitions.transition_count as transition_count,
            transitions.learner_count as learner_count,
            transitions.median_dwell_ms as median_dwell_ms,
            activities.activity_type as target_type,
            activities.title as target_title,
            compared_departures.from_activity_type as from_activity_type,
            compared_departures.from_title as from_title,
            compared_departures.departure_count as departure_count,
            compared_departures.departed_learner_count as departed_learner_count,
            compared_departures.exit_count as exit_count,
            compared_departures.exit_ratio as exit_ratio,
            compared_departures.exit_ratio_low as exit_ratio_low,
            compared_departures.exit_ratio_high as exit_ratio_high,
            compared_departures.usual_exit_ratio as usual_exit_ratio,
            compared_departures.is_last_unit as is_last_unit,
            compared_departures.is_module_end as is_module_end,
            compared_departures.is_suppressed as is_suppressed,
            {{
                suppressed(
                    ratio("transition_count", "departure_count"),
                    "departed_learner_count",
                )
            }} as transition_ratio
        from transitions
        inner join compared_departures using (from_course_id, from_activity_id)
        left join activities on transitions.to_activity_id = activities.activity_id
    )

select
    course_id,
    from_activity_id,
    toLowCardinality(from_activity_type) as from_activity_type,
    from_title,
    to_activity_id,
    toLowCardinality(target_type) as to_activity_type,
    target_title as to_title,
    toBool(is_exit) as is_exit,
    toLowCardinality(step) as step,
    transition_count,
    learner_count,
    departure_count,
    departed_learner_count,
    transition_ratio,
    {{
        wilson_low(
            "transition_ratio * departed_learner_count", "departed_learner_count"
        )
    }} as transition_ratio_low,
    {{
        wilson_high(
            "transition_ratio * departed_learner_count", "departed_learner_count"
        )
    }} as transition_ratio_high,
    if(is_exit or is_suppressed, null, median_dwell_ms / 1000) as median_dwell_seconds,
    exit_count,
    exit_ratio,
    exit_ratio_low,
    exit_ratio_high,
    if(is_suppressed, null, usual_exit_ratio) as usual_exit_ratio,
    toBool(is_module_end) as is_module_end,
    toBool(is_last_unit) as is_last_unit,
    toBool(
        ifNull(
            not is_last_unit
            and exit_ratio_low >= {{ var("dead_end_min_exit_ratio") }}
            and exit_ratio_low >= {{ var("dead_end_min_effect") }} * usual_exit_ratio,
            false
        )
    ) as is_dead_end,
    toBool(is_suppressed) as is_suppressed
from final
