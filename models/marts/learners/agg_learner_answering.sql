{{ config(order_by=["week", "learner_id"], tags=["weekly"]) }}

{%- set window_weeks = var("segment_window_weeks") -%}
{%- set trend = var("accuracy_trend_attempts") %}

with
    weeks as (select learner_id, week, as_of_at from {{ ref("agg_learner_rhythm") }}),

    attempts as (
        select
            learner_id,
            item_id,
            statement_id,
            answered_at,
            attempt_number,
            is_correct,
            toInt64(ifNull(is_correct, false)) as is_right,
            leadInFrame(toNullable(answered_at)) over (
                partition by learner_id, item_id
                order by attempt_number
                rows between current row and 1 following
            ) as next_answered_at,
            min(if(attempt_number = 2, toNullable(answered_at), null)) over (
                partition by item_id
            ) as retried_since
        from {{ ref("fct_attempts") }}
        where not is_total
    ),

    {# A failure is judged when its horizon is over, on items that a learner had been able to try again by then. #}
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
            arraySort(groupArray((answered_at, statement_id, is_right))) as answers
        from attempts
        where attempt_number = 1 and isNotNull(is_correct)
        group by learner_id
    ),

    joined as (
        select
            weeks.learner_id as learner_id,
            weeks.week as week,
            retries.failure_count as failure_count,
            retries.retried_count as retried_count,
            arraySlice(
                arrayFilter(
                    (is_right, answered_at) -> answered_at < weeks.as_of_at,
                    first_answers.answers.is_right,
                    first_answers.answers.answered_at
                ),
                -{{ trend }}
            ) as last_answers
        from weeks
        left join retries using (learner_id, week)
        left join first_answers using (learner_id)
    )

select
    learner_id,
    week,
    failure_count,
    retried_count,
    {{ ratio("retried_count", "failure_count") }} as retry_ratio,
    {{ wilson_low("retried_count", "failure_count") }} as retry_ratio_low,
    {{ wilson_high("retried_count", "failure_count") }} as retry_ratio_high,
    length(last_answers) as answer_count,
    {{ slope("last_answers", trend) }} as accuracy_slope,
    {{ slope_low("last_answers", trend) }} as accuracy_slope_low,
    {{ slope_high("last_answers", trend) }} as accuracy_slope_high
from joined
where failure_count > 0 or answer_count > 0
