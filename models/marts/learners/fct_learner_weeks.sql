{{ config(order_by=["learner_id", "week"], tags=["weekly"]) }}

{%- set marathon_ms = 60000 * var("marathon_session_minutes") %}

with
    events as (
        select
            learner_id,
            session_id,
            verb_group != 'administration' and verb != 'waived' as is_own_doing,
            occurred_at,
            {{ milliseconds("active_seconds_low") }} as active_ms,
            leadInFrame(occurred_at) over (
                partition by learner_id
                order by occurred_at, statement_id
                rows between current row and 1 following
            ) as next_at
        from {{ ref("fct_learning_events") }}
    ),

    {# The time after an event is known with the next one only: not before the week is over, it does not count. #}
    placed as (
        select
            learner_id,
            session_id,
            toMonday(occurred_at) as event_week,
            if(toMonday(next_at) = event_week, active_ms, 0) as known_ms,
            arrayMap(
                day -> toUInt64(day = toDayOfWeek(occurred_at)), range(1, 8)
            ) as weekday_events,
            arrayMap(day -> toInt64(day * known_ms), weekday_events) as weekday_ms
        from events
        where is_own_doing
    ),

    sessions as (
        select
            learner_id,
            event_week,
            session_id,
            sum(known_ms) as session_ms,
            sumForEach(weekday_events) as session_weekday_events,
            sumForEach(weekday_ms) as session_weekday_ms
        from placed
        group by learner_id, event_week, session_id
    ),

    final as (
        select
            learner_id,
            event_week,
            count() as session_count,
            sum(session_ms) as week_ms,
            sumIf(session_ms, session_ms >= {{ marathon_ms }}) as week_marathon_ms,
            sumForEach(session_weekday_events) as week_weekday_events,
            sumForEach(session_weekday_ms) as week_weekday_ms
        from sessions
        group by learner_id, event_week
    )

select
    learner_id,
    event_week as week,
    session_count,
    toUInt64(arrayCount(events -> events > 0, week_weekday_events)) as active_day_count,
    arraySum(week_weekday_events) as event_count,
    {{ seconds("week_ms") }} as active_seconds,
    {{ seconds("week_marathon_ms") }} as marathon_seconds,
    week_weekday_events as event_counts_by_weekday,
    arrayMap(ms -> {{ seconds("ms") }}, week_weekday_ms) as active_seconds_by_weekday
from final
