{{ config(order_by=["week", "learner_id"], tags=["weekly"]) }}

with
    joined as (
        select
            rhythms.learner_id as learner_id,
            rhythms.week as week,
            rhythms.as_of_at as as_of_at,
            rhythms.tenure_weeks as tenure_weeks,
            rhythms.active_week_count as active_week_count,
            rhythms.active_day_count as active_day_count,
            rhythms.session_count as session_count,
            rhythms.active_seconds as active_seconds,
            rhythms.burst_time_ratio as burst_time_ratio,
            rhythms.marathon_time_ratio as marathon_time_ratio,
            rhythms.weekday_likeness_ratio as weekday_likeness_ratio,
            rhythms.recent_day_count as recent_day_count,
            rhythms.earlier_day_count as earlier_day_count,
            rhythms.recent_day_ratio as recent_day_ratio,
            rhythms.recent_day_ratio_low as recent_day_ratio_low,
            rhythms.recent_day_ratio_high as recent_day_ratio_high,
            rhythms.course_count as course_count,
            rhythms.ended_course_count as ended_course_count,
            paces.new_unit_count as new_unit_count,
            paces.pace_factor as pace_factor,
            answering.failure_count as failure_count,
            answering.retried_count as retried_count,
            answering.retry_ratio as retry_ratio,
            answering.retry_ratio_low as retry_ratio_low,
            answering.retry_ratio_high as retry_ratio_high,
            answering.answer_count as answer_count,
            answering.accuracy_slope as accuracy_slope,
            answering.accuracy_slope_low as accuracy_slope_low,
            answering.accuracy_slope_high as accuracy_slope_high,
            viewing.video_count as video_count,
            viewing.skimmed_video_count as skimmed_video_count,
            viewing.skimmed_ratio as skimmed_ratio,
            viewing.skimmed_ratio_low as skimmed_ratio_low,
            viewing.skimmed_ratio_high as skimmed_ratio_high,
            viewing.watched_seconds as watched_seconds,
            viewing.rewatched_ratio as rewatched_ratio
        from {{ ref("agg_learner_rhythm") }} as rhythms
        left join
            {{ ref("agg_learner_pace") }} as paces
            on rhythms.learner_id = paces.learner_id
            and rhythms.week = paces.week
        left join
            {{ ref("agg_learner_answering") }} as answering
            on rhythms.learner_id = answering.learner_id
            and rhythms.week = answering.week
        left join
            {{ ref("agg_learner_viewing") }} as viewing
            on rhythms.learner_id = viewing.learner_id
            and rhythms.week = viewing.week
    ),

    judged as (
        select
            *,
            multiIf(
                tenure_weeks < 2
                or session_count < {{ var("segment_minimum_sessions") }}
                or active_seconds = 0,
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
            watched_seconds >= {{ var("rewatcher_minimum_seconds") }}
            and ifNull(
                rewatched_ratio >= {{ var("rewatcher_ratio") }}, false
            ) as is_rewatcher,
            ifNull(recent_day_ratio_high < 0.5, false)
            and (
                course_count = 0 or course_count > ended_course_count
            ) as is_disengaging
        from joined
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
    tenure_weeks,
    active_week_count,
    active_day_count,
    session_count,
    active_seconds,
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
    watched_seconds,
    rewatched_ratio,
    toBool(is_disengaging) as is_disengaging,
    recent_day_count,
    earlier_day_count,
    recent_day_ratio,
    recent_day_ratio_low,
    recent_day_ratio_high,
    segment_reason
from final
