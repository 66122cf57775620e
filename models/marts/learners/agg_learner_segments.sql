{{ config(engine="MergeTree()", order_by=["week", "learner_id"], tags=["weekly"]) }}

{%- set window_weeks = var("segment_window_weeks") -%}
{%- set days = 7 * window_weeks -%}
{%- set trend = var("accuracy_trend_attempts") %}

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
            countIf(isNull(fellows.usual_units)) as lonely_courses
        from reached
        inner join
            fellows
            on reached.course_id = fellows.course_id
            and reached.week = fellows.week
        group by learner_id, week
    ),

    attempts as (
        select
            learner_id,
            item_id,
            statement_id,
            answered_at,
            attempt_number,
            is_correct,
            leadInFrame(toNullable(answered_at)) over (
                partition by learner_id, item_id
                order by attempt_number
                rows between current row and 1 following
            ) as next_answered_at,
            min(if(attempt_number = 2, toNullable(answered_at), null)) over (
                partition by item_id
            ) as retried_since
        from {{ ref("fct_attempts") }}
    ),

    {# A failure is judged when its horizon is over, on items that somebody had been able to try again by then. #}
    failures as (
        select
            learner_id,
            answered_at + interval {{ var("retry_horizon_days") }} day as judged_at,
            addWeeks(toMonday(judged_at), arrayJoin(range({{ window_weeks }}))) as week,
            retried_since,
            ifNull(next_answered_at <= judged_at, false) as is_retried
        from attempts
        where not ifNull(is_correct, true)
    ),

    retries as (
        select
            learner_id,
            week,
            count() as failure_count,
            countIf(is_retried) as retried_count
        from failures
        where ifNull(retried_since < toDateTime64(addWeeks(week, 1), 3, 'UTC'), false)
        group by learner_id, week
    ),

    first_answers as (
        select
            learner_id,
            arraySort(
                groupArray(
                    (answered_at, statement_id, toInt64(assumeNotNull(is_correct)))
                )
            ) as answers
        from attempts
        where attempt_number = 1 and isNotNull(is_correct)
        group by learner_id
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

    endings as (
        select
            learner_id,
            arraySort(
                groupArray(
                    assumeNotNull(
                        least(
                            ifNull(completed_at, unenrolled_at),
                            ifNull(unenrolled_at, completed_at)
                        )
                    )
                )
            ) as ends
        from {{ ref("fct_course_endings") }}
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
            paces.new_unit_count as new_unit_count,
            if(
                paces.lonely_courses > 0 or paces.new_unit_count = 0,
                null,
                {{ ratio("paces.new_unit_count", "paces.usual_unit_count") }}
            ) as pace_factor,
            retries.failure_count as failure_count,
            retries.retried_count as retried_count,
            arraySlice(
                arrayMap(
                    answer -> answer .3,
                    arrayFilter(
                        answer -> answer .1 < measured.as_of_at, first_answers.answers
                    )
                ),
                -{{ trend }}
            ) as last_answers,
            watched.video_count as video_count,
            watched.skimmed_video_count as skimmed_video_count,
            watched.watched_ms as watched_ms,
            watched.rewatched_ms as rewatched_ms,
            arrayCount(
                start -> start < measured.as_of_at, enrolments.starts
            ) as course_count,
            arrayCount(
                end -> end < measured.as_of_at, endings.ends
            ) as ended_course_count
        from measured
        left join
            paces
            on measured.learner_id = paces.learner_id
            and measured.week = paces.week
        left join
            retries
            on measured.learner_id = retries.learner_id
            and measured.week = retries.week
        left join first_answers on measured.learner_id = first_answers.learner_id
        left join
            watched
            on measured.learner_id = watched.learner_id
            and measured.week = watched.week
        left join enrolments on measured.learner_id = enrolments.learner_id
        left join endings on measured.learner_id = endings.learner_id
    ),

    rated as (
        select
            *,
            length(last_answers) as answer_count,
            {{ slope("last_answers", trend) }} as accuracy_slope,
            {{ slope_low("last_answers", trend) }} as accuracy_slope_low,
            {{ slope_high("last_answers", trend) }} as accuracy_slope_high,
            {{ ratio("retried_count", "failure_count") }} as retry_ratio,
            {{ wilson_low("retried_count", "failure_count") }} as retry_ratio_low,
            {{ wilson_high("retried_count", "failure_count") }} as retry_ratio_high,
            {{ ratio("skimmed_video_count", "video_count") }} as skimmed_ratio,
            {{ wilson_low("skimmed_video_count", "video_count") }} as skimmed_ratio_low,
            {{ wilson_high("skimmed_video_count", "video_count") }}
            as skimmed_ratio_high,
            {{ ratio("rewatched_ms", "watched_ms") }} as rewatched_ratio,
            {{ ratio("recent_day_count", "active_day_count") }} as recent_day_ratio,
            {{ wilson_low("recent_day_count", "active_day_count") }}
            as recent_day_ratio_low,
            {{ wilson_high("recent_day_count", "active_day_count") }}
            as recent_day_ratio_high
        from joined
    ),

    judged as (
        select
            *,
            multiIf(
                tenure_weeks < 2
                or session_count < {{ var("segment_minimum_sessions") }}
                or window_ms = 0,
                'unknown',
                burst_time_ratio >= {{ var("burst_ratio") }},
                'burst',
                marathon_time_ratio >= {{ var("marathon_ratio") }},
                'marathon',
                active_week_count >= {{ var("steady_ratio") }} * tenure_weeks,
                'steady',
                'irregular'
            ) as rhythm,
            ifNull(
                weekday_likeness_ratio >= {{ var("regular_ratio") }}, false
            ) as is_regular,
            multiIf(
                new_unit_count = 0,
                'nothing_new',
                isNull(pace_factor),
                'unknown',
                pace_factor >= {{ var("pace_fast_factor") }},
                'fast',
                pace_factor <= {{ var("pace_slow_factor") }},
                'slow',
                'usual'
            ) as pace,
            multiIf(
                failure_count = 0,
                'unknown',
                retry_ratio_low >= {{ var("persistence_ratio") }},
                'persistent',
                retry_ratio_high <= {{ var("persistence_ratio") }},
                'gives_up',
                'undecided'
            ) as persistence,
            multiIf(
                isNull(accuracy_slope),
                'unknown',
                accuracy_slope_high < 0,
                'declining',
                accuracy_slope_low > 0,
                'improving',
                'level'
            ) as accuracy_trend,
            ifNull(
                skimmed_ratio_low >= {{ var("skimmer_ratio") }}, false
            ) as is_skimmer,
            watched_ms >= {{ 1000 * var("rewatcher_minimum_seconds") }}
            and ifNull(
                rewatched_ratio >= {{ var("rewatcher_ratio") }}, false
            ) as is_rewatcher,
            ifNull(recent_day_ratio_high < 0.5, false)
            and (
                course_count = 0 or course_count > ended_course_count
            ) as is_disengaging
        from rated
    ),

    final as (
        select
            *,
            arrayStringConcat(
                arrayFilter(
                    reason -> reason != '',
                    [
                        multiIf(
                            rhythm = 'burst',
                            concat(
                                'burst: ',
                                toString(round(burst_time_ratio, 2)),
                                ' of the active time within {{ var("burst_days") }} days'
                            ),
                            rhythm = 'marathon',
                            concat(
                                'marathon: ',
                                toString(round(marathon_time_ratio, 2)),
                                ' of the active time in long sessions'
                            ),
                            rhythm = 'steady',
                            concat(
                                'steady: active in ',
                                toString(active_week_count),
                                ' of ',
                                toString(tenure_weeks),
                                ' weeks'
                            ),
                            ''
                        ),
                        if(
                            is_regular,
                            concat(
                                'regular: weekdays alike by ',
                                toString(round(weekday_likeness_ratio, 2))
                            ),
                            ''
                        ),
                        if(
                            pace in ('fast', 'slow'),
                            concat(
                                pace,
                                ': ',
                                toString(new_unit_count),
                                ' new units, ',
                                toString(round(pace_factor, 2)),
                                ' times the usual'
                            ),
                            ''
                        ),
                        if(
                            persistence in ('persistent', 'gives_up'),
                            concat(
                                persistence,
                                ': tried again after ',
                                toString(retried_count),
                                ' of ',
                                toString(failure_count),
                                ' failures'
                            ),
                            ''
                        ),
                        if(
                            accuracy_trend in ('declining', 'improving'),
                            concat(
                                accuracy_trend,
                                ': accuracy changes by ',
                                toString(round(10 * accuracy_slope, 2)),
                                ' per 10 answers'
                            ),
                            ''
                        ),
                        if(
                            is_skimmer,
                            concat(
                                'skimmer: ',
                                toString(skimmed_video_count),
                                ' of ',
                                toString(video_count),
                                ' videos skimmed'
                            ),
                            ''
                        ),
                        if(
                            is_rewatcher,
                            concat(
                                'rewatcher: ',
                                toString(round(rewatched_ratio, 2)),
                                ' of the watched time seen before'
                            ),
                            ''
                        ),
                        if(
                            is_disengaging,
                            concat(
                                'disengaging: ',
                                toString(recent_day_count),
                                ' active days after ',
                                toString(earlier_day_count)
                            ),
                            ''
                        )
                    ]
                ),
                '; '
            ) as segment_reason
        from judged
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
    toLowCardinality(rhythm) as rhythm,
    burst_time_ratio,
    marathon_time_ratio,
    toBool(is_regular) as is_regular,
    weekday_likeness_ratio,
    toLowCardinality(pace) as pace,
    new_unit_count,
    pace_factor,
    toLowCardinality(persistence) as persistence,
    failure_count,
    retried_count,
    retry_ratio,
    retry_ratio_low,
    retry_ratio_high,
    toLowCardinality(accuracy_trend) as accuracy_trend,
    answer_count,
    accuracy_slope,
    accuracy_slope_low,
    accuracy_slope_high,
    toBool(is_skimmer) as is_skimmer,
    video_count,
    skimmed_video_count,
    skimmed_ratio,
    skimmed_ratio_low,
    skimmed_ratio_high,
    toBool(is_rewatcher) as is_rewatcher,
    {{ seconds("watched_ms") }} as watched_seconds,
    rewatched_ratio,
    toBool(is_disengaging) as is_disengaging,
    recent_day_count,
    earlier_day_count,
    recent_day_ratio,
    recent_day_ratio_low,
    recent_day_ratio_high,
    segment_reason
from final
