{{
    config(
        order_by=["unit_id", "learner_id"],
        tags=["nightly"],
    )
}}

with
    {# What instructs: an assessment asks, and a module is no more than its parts. #}
    units as (
        select
            unit_id,
            activity_type,
            if(count() = 1, min(course_id), '') as only_course_id,
            min(expected_seconds) as least_expected_seconds
        from {{ ref("dim_units") }}
        where unit_kind = 'activity' and activity_type != 'assessment'
        group by unit_id, activity_type
    ),

    {# Of videos of known length the seconds seen decide. #}
    measured_views as (
        select video_id, learner_id, 1 as is_known
        from {{ ref("fct_video_views") }}
        where isNotNull(coverage_ratio)
    ),

    covered_views as (
        select video_id, learner_id
        from {{ ref("fct_video_views") }}
        where ifNull(coverage_ratio, 0) >= {{ var("covered_video_ratio") }}
    ),

    intervals as (
        select
            video_id,
            learner_id,
            watch_interval_id,
            started_at,
            {{ milliseconds("start_seconds") }} as start_ms,
            {{ milliseconds("end_seconds") }} as end_ms,
            {{ milliseconds("ifNull(length_seconds, 0)") }} as length_ms
        from {{ ref("fct_watch_intervals") }}
        where
            end_seconds > start_seconds
            and (video_id, learner_id)
            in (select video_id, learner_id from covered_views)
    ),

    {# What was seen up to each interval and with it, whatever was seen twice counted once. #}
    watched_so_far as (
        select
            video_id,
            learner_id,
            started_at,
            intervalLengthSum(start_ms, end_ms) over (
                partition by video_id, learner_id
                order by started_at, watch_interval_id
                rows between unbounded preceding and current row
            ) as seen_ms,
            max(length_ms) over (partition by video_id, learner_id) as whole_ms
        from intervals
    ),

    watched as (
        select video_id, learner_id, min(started_at) as covered_at
        from watched_so_far
        where seen_ms >= {{ var("covered_video_ratio") }} * whole_ms
        group by video_id, learner_id
    ),

    {# What others do to a learner's record is not the learner reaching content. #}
    events as (
        select
            activity_id,
            learner_id,
            occurred_at,
            {{ is_completion() }} as is_reported_completed,
            sum({{ milliseconds("ifNull(active_seconds_low, 0)") }}) over (
                partition by activity_id, learner_id
                order by occurred_at, statement_id
                rows between unbounded preceding and current row
            ) as active_ms
        from {{ ref("fct_learning_events") }}
        where
            verb_group != 'administration'
            and verb != 'waived'
            and activity_id in (select unit_id from units)
    ),

    opened as (
        select
            events.activity_id as unit_id,
            events.learner_id as learner_id,
            units.only_course_id as course_id,
            units.activity_type as activity_type,
            min(events.occurred_at) as reached_at,
            minIfOrNull(
                events.occurred_at,
                events.is_reported_completed
                or events.active_ms >= {{ 1000 * var("engaged_min_seconds") }}
                or ifNull(
                    events.active_ms
                    >= {{ 1000 * var("engaged_min_ratio") }}
                    * nullIf(units.least_expected_seconds, 0),
                    false
                )
            ) as engaged_at
        from events
        inner join units on events.activity_id = units.unit_id
        group by unit_id, learner_id, course_id, activity_type
    ),

    final as (
        select
            opened.learner_id as learner_id,
            opened.unit_id as unit_id,
            opened.course_id as course_id,
            opened.activity_type as activity_type,
            opened.reached_at as reached_at,
            toBool(measured_views.is_known = 1) as is_measured,
            multiIf(
                measured_views.is_known = 0,
                opened.engaged_at,
                watched.video_id != '',
                toNullable(watched.covered_at),
                null
            ) as covered_at
        from opened
        left join
            measured_views
            on opened.unit_id = measured_views.video_id
            and opened.learner_id = measured_views.learner_id
        left join
            watched
            on opened.unit_id = watched.video_id
            and opened.learner_id = watched.learner_id
    )

select *
from final
