{{ config(order_by=["week", "learner_id"], tags=["weekly"]) }}

with
    joined as (
        select
            rhythms.learner_id as learner_id,
            rhythms.week as week,
            rhythms.* except (learner_id, week),
            paces.new_unit_count as new_unit_count,
            paces.pace_factor as pace_factor,
            answering.* except (learner_id, week),
            viewing.video_count as video_count,
            viewing.skimmed_video_count as skimmed_video_count,
            viewing.skimmed_ratio as skimmed_ratio,
            viewing.skimmed_ratio_low as skimmed_ratio_low,
            viewing.skimmed_ratio_high as skimmed_ratio_high,
            viewing.watched_seconds as watched_seconds,
            viewing.rewatched_ratio as rewatched_ratio
        from {{ ref("agg_learner_rhythm") }} as rhythms
        left join {{ ref("agg_learner_pace") }} as paces using (learner_id, week)
        left join
            {{ ref("agg_learner_answering") }} as answering using (learner_id, week)
        left join {{ ref("agg_learner_viewing") }} as viewing using (learner_id, week)
    ),

    judged as (
        select
            *,
            toLowCardinality(
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
                )
            ) as rhythm,
            toBool(
                ifNull(weekday_likeness_ratio >= {{ var("regular_ratio") }}, false)
            ) as is_regular,
            toLowCardinality(
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
                )
            ) as pace,
            toLowCardinality(
                multiIf(
                    failure_count = 0,
                    'unknown',
                    retry_ratio_low >= {{ var("persistence_ratio") }},
                    'persistent',
                    retry_ratio_high <= {{ var("persistence_ratio") }},
                    'gives_up',
                    'undecided'
                )
            ) as persistence,
            toLowCardinality(
                multiIf(
                    isNull(accuracy_slope),
                    'unknown',
                    accuracy_slope_high < 0,
                    'declining',
                    accuracy_slope_low > 0,
                    'improving',
                    'level'
                )
            ) as accuracy_trend,
            toBool(
                ifNull(skimmed_ratio_low >= {{ var("skimmer_ratio") }}, false)
            ) as is_skimmer,
            toBool(
                watched_seconds >= {{ var("rewatcher_minimum_seconds") }}
                and ifNull(rewatched_ratio >= {{ var("rewatcher_ratio") }}, false)
            ) as is_rewatcher,
            toBool(
                ifNull(recent_day_ratio_high < 0.5, false)
                and (course_count = 0 or course_count > ended_course_count)
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

select * except (course_count, ended_course_count)
from final
