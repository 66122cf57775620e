{{
    config(
        materialized="touched",
        replaces="session_id in (select session_id from {{ ref('int_touched_timeline') }}) "
        ~ "or is_provisional != ({{ is_provisional_session() }})",
        engine="MergeTree()",
        order_by=["learner_id", "started_at", "session_id"],
        partition_by="toYYYYMM(started_at)",
        tags=["near_real_time"],
        query_settings={"allow_reorder_prewhere_conditions": 0},
    )
}}

{%- set timeline = ref("int_touched_timeline") %}

with
    statements as (
        select
            statement_id,
            learner_id,
            session_id,
            verb,
            activity_id,
            activity_type,
            course_id,
            arrival_type,
            occurred_at,
            active_seconds_low,
            active_seconds_high
        from {{ ref("int_statements__sessionized") }}
        {% if is_touching() %}
            where
                learner_id in (select learner_id from {{ timeline }})
                and statement_key in (select statement_key from {{ timeline }})
                and {{ is_in_touched_month(timeline) }}
        {% else %} where {{ is_in_batch("learner_id", 3) }}
        {% endif %}
    ),

    watched as (
        select statement_id, sum(end_ms - start_ms) as watched_ms
        from {{ ref("int_watch_intervals__sequenced") }}
        {% if is_touching() %}
            where
                learner_id in (select learner_id from {{ timeline }})
                and statement_key in (select statement_key from {{ timeline }})
                and {{ is_in_touched_month(timeline) }}
        {% else %} where {{ is_in_batch("learner_id", 3) }}
        {% endif %}
        group by statement_id
    ),

    by_session as (
        select
            session_id,
            learner_id,
            min(occurred_at) as started_at,
            max(occurred_at) as ended_at,
            sum(active_seconds_low) as active_seconds_low,
            sum(active_seconds_high) as active_seconds_high,
            count() as event_count,
            uniqExactIf(activity_id, activity_id != '') as activity_count,
            countIf(verb = 'answered') as attempt_count,
            sum(watched.watched_ms) as watched_ms,
            uniqExactIf(course_id, course_id != '') as course_count,
            argMin(
                arrival_type, (statements.occurred_at, statements.statement_id)
            ) as entry_arrival_type,
            argMin(
                activity_id, (statements.occurred_at, statements.statement_id)
            ) as first_activity_id,
            argMax(
                activity_id, (statements.occurred_at, statements.statement_id)
            ) as last_activity_id
        from statements
        left join watched on statements.statement_id = watched.statement_id
        group by session_id, learner_id
    ),

    final as (
        select
            session_id,
            learner_id,
            started_at,
            ended_at,
            {{ seconds("dateDiff('millisecond', started_at, ended_at)") }}
            as wall_seconds,
            CAST(active_seconds_low, 'Decimal(18, 3)') as active_seconds_low,
            CAST(active_seconds_high, 'Decimal(18, 3)') as active_seconds_high,
            event_count,
            activity_count,
            attempt_count,
            {{ seconds("watched_ms") }} as video_seconds,
            course_count,
            entry_arrival_type,
            first_activity_id,
            last_activity_id,
            event_count = 1 as is_bounce,
            {{ is_provisional_session() }} as is_provisional
        from by_session
        {% if is_touching() %}
            union all
            {# Nothing about these changed but the watermark. #}
            select
                * except (is_provisional),
                {{ is_provisional_session() }} as is_still_provisional
            from {{ this }}
            where
                session_id not in (select session_id from {{ timeline }})
                and is_provisional != ({{ is_provisional_session() }})
        {% endif %}
    )

select
    session_id,
    learner_id,
    started_at,
    ended_at,
    wall_seconds,
    active_seconds_low,
    active_seconds_high,
    event_count,
    activity_count,
    attempt_count,
    video_seconds,
    course_count,
    entry_arrival_type,
    first_activity_id,
    last_activity_id,
    is_bounce,
    is_provisional
from final
