{{
    config(
        order_by=["learner_id", "video_id", "week"],
        tags=["weekly"],
    )
}}

with
    {# An interval is known when the statement that ends it has come. #}
    intervals as (
        select
            learner_id,
            video_id,
            toMonday(
                fromUnixTimestamp64Milli(
                    toUnixTimestamp64Milli(started_at)
                    + {{ milliseconds("wall_seconds") }},
                    'UTC'
                )
            ) as known_week,
            {{ milliseconds("start_seconds") }} as start_ms,
            {{ milliseconds("end_seconds") }} as end_ms,
            {{ milliseconds("ifNull(length_seconds, 0)") }} as length_ms
        from {{ ref("fct_watch_intervals") }}
        where end_seconds > start_seconds
    ),

    views as (
        select
            learner_id,
            video_id,
            groupUniqArray(known_week) as known_weeks,
            max(length_ms) as view_length_ms
        from intervals
        group by learner_id, video_id
    ),

    {# Each interval counts in its own week and, for what has been seen to date, in the view's later ones. #}
    to_date as (
        select
            intervals.learner_id as learner_id,
            intervals.video_id as video_id,
            arrayJoin(
                arrayFilter(week -> week >= intervals.known_week, views.known_weeks)
            ) as view_week,
            views.view_length_ms as view_length_ms,
            intervals.known_week as known_week,
            intervals.start_ms as start_ms,
            intervals.end_ms as end_ms
        from intervals
        inner join views using (learner_id, video_id)
    ),

    measured as (
        select
            learner_id,
            video_id,
            view_week,
            view_length_ms,
            sumIf(end_ms - start_ms, known_week = view_week) as watched_ms,
            toInt64(intervalLengthSum(start_ms, end_ms)) as seen_ms,
            toInt64(
                intervalLengthSumIf(start_ms, end_ms, known_week < view_week)
            ) as seen_before_ms,
            max(end_ms) as furthest_ms
        from to_date
        group by learner_id, video_id, view_week, view_length_ms
    )

select
    learner_id,
    video_id,
    view_week as week,
    {{ seconds("watched_ms") }} as watched_seconds,
    {{ seconds("watched_ms - (seen_ms - seen_before_ms)") }} as rewatched_seconds,
    {{ seconds("seen_ms") }} as seen_seconds,
    {{ seconds("furthest_ms") }} as furthest_seconds,
    if(view_length_ms > 0, {{ seconds("view_length_ms") }}, null) as length_seconds
from measured
