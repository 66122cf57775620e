{{ config(order_by=["week", "learner_id"], tags=["weekly"]) }}

{%- set window_weeks = var("segment_window_weeks") %}

with
    weeks as (
        select learner_id as known_learner_id, week as known_week
        from {{ ref("agg_learner_rhythm") }}
    ),

    video_weeks as (
        select
            learner_id,
            video_id,
            seen.week as video_week,
            addWeeks(seen.week, arrayJoin(range({{ window_weeks }}))) as week,
            {{ milliseconds("watched_seconds") }} as watched_ms,
            {{ milliseconds("rewatched_seconds") }} as rewatched_ms,
            ifNull(
                furthest_seconds >= {{ var("skim_furthest_ratio") }} * length_seconds
                and seen_seconds < {{ var("skim_coverage_ratio") }} * length_seconds,
                false
            ) as is_skimmed_to_date
        from {{ ref("fct_video_weeks") }} as seen
    ),

    views as (
        select
            learner_id,
            week,
            video_id,
            sum(watched_ms) as view_ms,
            sum(rewatched_ms) as view_rewatched_ms,
            argMax(is_skimmed_to_date, video_week) as is_skimmed
        from video_weeks
        group by learner_id, week, video_id
    ),

    watched as (
        select
            learner_id,
            week,
            count() as video_count,
            countIf(is_skimmed) as skimmed_video_count,
            sum(view_ms) as watched_ms,
            sum(view_rewatched_ms) as rewatched_ms
        from views
        group by learner_id, week
    )

select
    learner_id,
    week,
    video_count,
    skimmed_video_count,
    {{ ratio("skimmed_video_count", "video_count") }} as skimmed_ratio,
    {{ wilson_low("skimmed_video_count", "video_count") }} as skimmed_ratio_low,
    {{ wilson_high("skimmed_video_count", "video_count") }} as skimmed_ratio_high,
    {{ seconds("watched_ms") }} as watched_seconds,
    {{ seconds("rewatched_ms") }} as rewatched_seconds,
    {{ ratio("rewatched_ms", "watched_ms") }} as rewatched_ratio
from watched
where (learner_id, week) in (select known_learner_id, known_week from weeks)
