{{ config(order_by=["week", "learner_id"], tags=["weekly"]) }}

{%- set window_weeks = var("segment_window_weeks") -%}
{%- set days = 7 * window_weeks %}

with
    watermark as (
        select toMonday(complete_through_at) as open_week
        from {{ ref("agg_data_watermark") }}
        where source = 'all'
    ),

    learners as (
        select learner_id from {{ ref("dim_learners") }} where not is_excluded
    ),

    learner_weeks as (
        select
            learner_id,
            week as active_week,
            session_count as week_sessions,
            {{ milliseconds("active_seconds") }} as active_ms,
            {{ milliseconds("marathon_seconds") }} as marathon_ms,
            arrayMap(
                events -> toUInt64(events > 0), event_counts_by_weekday
            ) as day_flags,
            arrayMap(
                day_seconds -> {{ milliseconds("day_seconds") }},
                active_seconds_by_weekday
            ) as day_ms
        from {{ ref("fct_learner_weeks") }}
        where learner_id in (select learner_id from learners)
    ),

    {# Weeks that are over, of the newest, in whose look-back the learner was active. #}
    looked_back as (
        select
            learner_weeks.*,
            arrayJoin(range({{ window_weeks }})) as weeks_ago,
            addWeeks(active_week, weeks_ago) as week,
            min(active_week) over (partition by learner_id) as first_week,
            watermark.open_week as open_week
        from learner_weeks
        cross join watermark
    ),

    {# Days of the window in their order, the oldest first. #}
    windows as (
        select
            learner_id,
            week,
            least(
                {{ window_weeks }}, intDiv(dateDiff('day', first_week, week), 7) + 1
            ) as tenure_weeks,
            count() as active_week_count,
            sum(week_sessions) as sessions,
            sum(active_ms) as window_ms,
            sum(marathon_ms) as window_marathon_ms,
            sumForEach(
                arrayMap(
                    place -> if(
                        intDiv(place, 7) = {{ window_weeks - 1 }} - weeks_ago,
                        day_flags[place % 7 + 1],
                        0
                    ),
                    range({{ days }})
                )
            ) as window_days,
            sumForEach(
                arrayMap(
                    place -> if(
                        intDiv(place, 7) = {{ window_weeks - 1 }} - weeks_ago,
                        day_ms[place % 7 + 1],
                        0
                    ),
                    range({{ days }})
                )
            ) as window_day_ms
        from looked_back
        where
            week < open_week
            and week >= subtractWeeks(open_week, {{ var("segment_history_weeks") }})
        group by learner_id, week, first_week
    ),

    measured as (
        select
            learner_id,
            week,
            addWeeks(week, 1) as next_week,
            toDateTime64(next_week, 3, 'UTC') as as_of_at,
            tenure_weeks,
            active_week_count,
            sessions as session_count,
            window_ms,
            toUInt64(arraySum(window_days)) as active_day_count,
            toUInt64(
                arraySum(arraySlice(window_days, {{ days // 2 + 1 }}))
            ) as recent_day_count,
            toUInt64(active_day_count - recent_day_count) as earlier_day_count,
            {{ ratio("window_marathon_ms", "window_ms") }} as marathon_time_ratio,
            arrayMax(
                arrayMap(
                    place -> arraySum(
                        arraySlice(window_day_ms, place, {{ var("burst_days") }})
                    ),
                    range(1, {{ days - var("burst_days") + 2 }})
                )
            ) as burst_ms,
            {{ ratio("burst_ms", "window_ms") }} as burst_time_ratio,
            {# Jaccard's likeness of the weekdays of neighbouring weeks, averaged; two empty weeks are no habit. #}
            arrayMap(
                later -> arraySum(
                    (before, after) -> before * after,
                    arraySlice(window_days, 7 * later - 6, 7),
                    arraySlice(window_days, 7 * later + 1, 7)
                )
                / greatest(
                    1,
                    arraySum(
                        (before, after) -> greatest(before, after),
                        arraySlice(window_days, 7 * later - 6, 7),
                        arraySlice(window_days, 7 * later + 1, 7)
                    )
                ),
                range(
                    toUInt64({{ window_weeks }} + 1 - tenure_weeks), {{ window_weeks }}
                )
            ) as likenesses,
            if(empty(likenesses), null, arrayAvg(likenesses)) as weekday_likeness_ratio
        from windows
    ),

    enrolments as (
        select
            learner_id,
            arraySort(
                groupArray(ifNull(enrolled_at, toDateTime64(0, 3, 'UTC')))
            ) as starts
        from {{ ref("fct_enrolments") }}
        group by learner_id
    ),

    course_ends as (
        select learner_id, course_id, arrayJoin([completed_at, unenrolled_at]) as end_at
        from {{ ref("fct_course_endings") }}
        union all
        select enrolled.learner_id, enrolled.course_id, runs.ended_at as end_at
        from {{ ref("fct_enrolments") }} as enrolled
        inner join {{ ref("dim_course_runs") }} as runs using (course_id)
    ),

    endings as (
        select learner_id, arraySort(groupArray(first_end_at)) as ends
        from
            (
                select learner_id, course_id, min(assumeNotNull(end_at)) as first_end_at
                from course_ends
                where isNotNull(end_at)
                group by learner_id, course_id
            )
        group by learner_id
    ),

    joined as (
        select
            measured.learner_id as learner_id,
            measured.week as week,
            measured.as_of_at as as_of_at,
            measured.tenure_weeks as tenure_weeks,
            measured.active_week_count as active_week_count,
            measured.session_count as session_count,
            measured.window_ms as window_ms,
            measured.active_day_count as active_day_count,
            measured.recent_day_count as recent_day_count,
            measured.earlier_day_count as earlier_day_count,
            measured.marathon_time_ratio as marathon_time_ratio,
            measured.burst_time_ratio as burst_time_ratio,
            measured.weekday_likeness_ratio as weekday_likeness_ratio,
            arrayCount(
                start -> start < measured.as_of_at, enrolments.starts
            ) as course_count,
            arrayCount(
                end -> end < measured.as_of_at, endings.ends
            ) as ended_course_count
        from measured
        left join enrolments using (learner_id)
        left join endings using (learner_id)
    )

select
    learner_id,
    week,
    as_of_at,
    toUInt32(tenure_weeks) as tenure_weeks,
    active_week_count,
    active_day_count,
    session_count,
    {{ seconds("window_ms") }} as active_seconds,
    burst_time_ratio,
    marathon_time_ratio,
    weekday_likeness_ratio,
    recent_day_count,
    earlier_day_count,
    {{ ratio("recent_day_count", "active_day_count") }} as recent_day_ratio,
    {{ wilson_low("recent_day_count", "active_day_count") }} as recent_day_ratio_low,
    {{ wilson_high("recent_day_count", "active_day_count") }} as recent_day_ratio_high,
    toUInt64(course_count) as course_count,
    toUInt64(ended_course_count) as ended_course_count
from joined
