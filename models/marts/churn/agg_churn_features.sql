{{
    config(
        order_by=["as_of_at", "course_id", "learner_id"],
        tags=["weekly"],
        query_settings={"max_block_size": 1024},
    )
}}

{#
    1. The events of a learner in a course become one array, in order of time.
    2. It is copied for every Monday on which the learner may still be there.
    3. Of each copy stays what had occurred, was known and not known to be voided by then. All features are made of it,
       and of nothing else.
    4. The pace is held against fellow learners who began in the same week, as known on the same Monday.
#}
{%- set gap_s = 86400 * var("churn_gap_days") -%}
{%- set week_s = 604800 -%}
{%- set trend = var("churn_trend_answers") -%}
{%- set never = 4294967295 %}

with
    watermark as (
        select toMonday(complete_through_at) as last_monday
        from {{ ref("agg_data_watermark") }}
        where source = 'all'
    ),

    learners as (
        select learner_id from {{ ref("dim_learners") }} where not is_excluded
    ),

    known_events as (
        select
            learner_id,
            course_id,
            occurred_at,
            toUnixTimestamp(occurred_at) as occurred_s,
            sipHash64(statement_id) as statement_key,
            toUnixTimestamp(known_at) as known_s,
            ifNull(toUnixTimestamp(voided_at), {{ never }}) as voided_s,
            sipHash64(activity_id) as activity_key,
            verb_group = 'social' as is_social,
            verb_group = 'video' and activity_type = 'video' as is_on_video,
            is_completing,
            isNotNull(is_right) as is_answer,
            ifNull(is_right, false) as is_right_answer
        from {{ ref("fct_known_events") }}
        where learner_id in (select learner_id from learners)
    ),

    histories as (
        select
            learner_id,
            course_id,
            arraySort(
                groupArray(
                    (
                        occurred_s,
                        statement_key,
                        known_s,
                        voided_s,
                        activity_key,
                        is_social,
                        is_on_video,
                        is_completing,
                        is_answer,
                        is_right_answer
                    )
                )
            ) as events,
            min(toMonday(occurred_at)) as first_monday,
            max(toMonday(occurred_at + {{ gap_s }})) as final_monday
        from known_events
        group by learner_id, course_id
    ),

    {# Who is late in the data may be seen late: the Mondays are those of what occurred, up to the gap after the last. #}
    copies as (
        select
            learner_id,
            course_id,
            events,
            arrayJoin(
                arrayFilter(
                    monday -> monday
                    >= addWeeks(last_monday, -{{ var("churn_history_weeks") }} + 1)
                    and monday <= least(last_monday, final_monday),
                    arrayMap(
                        week -> addWeeks(first_monday, week + 1),
                        range(
                            toUInt64(
                                intDiv(dateDiff('day', first_monday, final_monday), 7)
                            )
                        )
                    )
                )
            ) as as_of_date,
            toUnixTimestamp(toDateTime(as_of_date, 'UTC')) as as_of_s
        from histories
        cross join watermark
    ),

    known as (
        select
            learner_id,
            course_id,
            as_of_date,
            as_of_s,
            arrayFilter(
                event -> event.occurred_s < as_of_s
                and event.known_s <= as_of_s
                and event.voided_s > as_of_s,
                events
            ) as seen,
            seen.occurred_s as times
        from copies
    ),

    at_risk as (
        select
            learner_id,
            course_id,
            as_of_date,
            as_of_s,
            times,
            times[1] as first_s,
            times[-1] as last_s,
            seen.activity_key as activity_keys,
            arrayFilter(
                event -> event.occurred_s < first_s + {{ week_s }}, seen
            ) as first_week,
            arrayCount(event -> event.is_social, seen) as community_count,
            arrayFilter(
                (key, is_completing) -> is_completing, activity_keys, seen.is_completing
            ) as completed_keys,
            arrayDistinct(
                arrayFilter(
                    (key, is_on_video) -> is_on_video, activity_keys, seen.is_on_video
                )
            ) as video_keys,
            arrayFilter(event -> event.is_answer, seen) as answers,
            arrayMap(
                is_right -> toInt64(is_right),
                arrayFilter(
                    (is_right, number) -> number = 1,
                    answers.is_right_answer,
                    arrayEnumerateUniq(answers.activity_key)
                )
            ) as first_answers,
            arraySlice(first_answers, -{{ trend }}) as last_answers
        from known
        where notEmpty(times) and as_of_s - times[-1] < {{ gap_s }}
    ),

    measured as (
        select
            learner_id,
            course_id,
            as_of_date,
            toMonday(toDateTime(first_s, 'UTC')) as start_week,
            fromUnixTimestamp64Milli(1000 * toInt64(last_s), 'UTC') as last_activity_at,
            intDiv(as_of_s - first_s, {{ week_s }}) as tenure_weeks,
            (as_of_s - last_s) / 86400. as days_since_last_activity,
            arrayDistinct(
                arrayMap(moment -> intDiv(moment, 86400), times)
            ) as active_days,
            intDiv(as_of_s, 86400) as as_of_day,
            length(active_days) as active_day_count,
            arrayCount(
                day -> day >= as_of_day - 7, active_days
            ) as recent_active_day_count,
            arrayCount(
                day -> day >= as_of_day - 14 and day < as_of_day - 7, active_days
            ) as previous_active_day_count,
            arrayCount(
                silence -> silence > 60 * {{ var("session_gap_minutes") }},
                arrayDifference(times)
            )
            + 1 as visit_count,
            arrayMax(arrayDifference(times)) / 86400. as longest_silence_days,
            length(arrayDistinct(first_week.activity_key)) as first_week_activity_count,
            length(
                arrayDistinct(
                    arrayFilter(
                        (key, is_completing) -> is_completing,
                        first_week.activity_key,
                        first_week.is_completing
                    )
                )
            ) as first_week_completed_count,
            arrayCount(
                event -> event.is_social, first_week
            ) as first_week_community_count,
            community_count,
            arrayUniq(activity_keys) as activity_count,
            arrayUniq(completed_keys) as completed_count,
            length(first_answers) as answer_count,
            {{ ratio("arraySum(first_answers)", "length(first_answers)") }}
            as right_ratio,
            if(
                length(last_answers) = {{ trend }},
                2 * (
                    arraySum(arraySlice(last_answers, {{ trend // 2 + 1 }}))
                    - arraySum(arraySlice(last_answers, 1, {{ trend // 2 }}))
                )
                / {{ trend }},
                null
            ) as right_change,
            length(video_keys) as video_count,
            {{
                ratio(
                    "length(arrayFilter(key -> not has(completed_keys, key), video_keys))",
                    "length(video_keys)",
                )
            }}
            as left_video_ratio
        from at_risk
    ),

    fellows as (
        select
            course_id,
            as_of_date,
            start_week,
            count() as fellow_count,
            {{
                sorted_quantile(
                    "arraySort(groupArray(toFloat64(activity_count)))", 0.5
                )
            }} as usual_activity_count
        from measured
        group by course_id, as_of_date, start_week
    )

select
    learner_id,
    course_id,
    toDateTime64(as_of_date, 3, 'UTC') as as_of_at,
    start_week as start_week_date,
    last_activity_at,
    toUInt32(tenure_weeks) as tenure_weeks,
    days_since_last_activity,
    toUInt64(active_day_count) as active_day_count,
    toUInt64(recent_active_day_count) as recent_active_day_count,
    toUInt64(previous_active_day_count) as previous_active_day_count,
    toUInt64(visit_count) as visit_count,
    longest_silence_days,
    toUInt64(first_week_activity_count) as first_week_activity_count,
    toUInt64(first_week_completed_count) as first_week_completed_count,
    toUInt64(first_week_community_count) as first_week_community_count,
    toUInt64(community_count) as community_count,
    toUInt64(activity_count) as activity_count,
    toUInt64(completed_count) as completed_count,
    toUInt64(answer_count) as answer_count,
    right_ratio,
    right_change,
    toUInt64(video_count) as video_count,
    left_video_ratio,
    if(
        {{ is_suppressed("fellow_count") }},
        null,
        {{ ratio("activity_count", "usual_activity_count") }}
    ) as pace_ratio
from measured
inner join fellows using (course_id, as_of_date, start_week)
