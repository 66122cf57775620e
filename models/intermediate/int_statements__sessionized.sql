{{
    config(
        materialized="touched",
        replaces="toYYYYMM(occurred_at) in (select toYYYYMM(occurred_at) from {{ ref('int_touched_timeline') }}) "
        ~ "and statement_key in (select statement_key from {{ ref('int_touched_timeline') }})",
        engine="MergeTree()",
        partition_by="toYYYYMM(occurred_at)",
        order_by=["learner_id", "occurred_at", "statement_id"],
        tags=["near_real_time"],
    )
}}

{%- set timeline = ref("int_touched_timeline") %}

with
    statements as (
        select
            statement_key,
            statement_id,
            learner_id,
            source,
            verb,
            verb_group,
            activity_id,
            activity_type,
            course_id,
            arrival_type,
            occurred_at,
            toUnixTimestamp64Milli(occurred_at) as at_ms
        from {{ ref("int_statements__deduplicated") }}
        {% if is_touching() %}
            where
                learner_id in (select learner_id from {{ timeline }})
                and statement_key in (select statement_key from {{ timeline }})
        {% endif %}
    ),

    players as (
        select statement_id, watched_wall_ms, remaining_wall_ms, 1 as is_playing
        from {{ ref("int_watch_intervals__classified") }}
        {% if is_touching() %}
            where statement_key in (select statement_key from {{ timeline }})
        {% endif %}
    ),

    with_players as (
        select
            statements.* except (statement_id),
            statements.statement_id as statement_id,
            players.watched_wall_ms as watched_wall_ms,
            players.is_playing as is_playing,
            if(
                players.is_playing = 1,
                greatest(
                    {{ 60000 * var("session_gap_minutes") }},
                    least(
                        {{ 3600000 * var("player_silence_max_hours") }},
                        players.remaining_wall_ms
                        + {{ 1000 * var("player_grace_seconds") }}
                    )
                ),
                {{ 60000 * var("session_gap_minutes") }}
            ) as allowed_silence_ms
        from statements
        left join players on statements.statement_id = players.statement_id
    ),

    with_silences as (
        select
            *,
            lagInFrame(at_ms) over learner as previous_at_ms,
            lagInFrame(allowed_silence_ms) over learner as previous_allowed_silence_ms,
            row_number() over learner as event_number
        from with_players
        window
            learner as (
                partition by learner_id
                order by occurred_at, statement_id
                rows between unbounded preceding and unbounded following
            )
    ),

    with_visits as (
        select
            *,
            countIf(
                event_number = 1 or at_ms - previous_at_ms > previous_allowed_silence_ms
            ) over (
                partition by learner_id
                order by occurred_at, statement_id
                rows between unbounded preceding and current row
            ) as visit_number
        from with_silences
    ),

    {# A visit longer than the longest session is cut: each cut starts where the session before it would pass the limit. #}
    long_visits as (
        select
            learner_id,
            visit_number,
            arrayFold(
                (starts, at) -> if(
                    at - starts[-1] > {{ 3600000 * var("session_max_hours") }},
                    arrayPushBack(starts, at),
                    starts
                ),
                arraySort(groupArray(at_ms)),
                [min(at_ms)]
            ) as cuts
        from with_visits
        group by learner_id, visit_number
        having max(at_ms) - min(at_ms) > {{ 3600000 * var("session_max_hours") }}
    ),

    with_sessions as (
        select
            with_visits.* except (learner_id, visit_number),
            with_visits.learner_id as learner_id,
            with_visits.visit_number as visit_number,
            arrayCount(cut -> cut <= at_ms, long_visits.cuts) as cut_number
        from with_visits
        left join
            long_visits
            on with_visits.learner_id = long_visits.learner_id
            and with_visits.visit_number = long_visits.visit_number
    ),

    with_next as (
        select
            *,
            first_value(statement_id) over session as first_statement_id,
            first_value(occurred_at) over session as session_started_at,
            leadInFrame(at_ms) over session as next_at_ms,
            at_ms - lagInFrame(toNullable(at_ms)) over session as gap_before_ms
        from with_sessions
        window
            session as (
                partition by learner_id, visit_number, cut_number
                order by occurred_at, statement_id
                rows between unbounded preceding and unbounded following
            )
    ),

    final as (
        select
            *,
            {{ surrogate_key(["learner_id", "first_statement_id"]) }} as session_id,
            greatest(next_at_ms - at_ms, 0) as gap_ms,
            multiIf(
                verb_group = 'video' and activity_type = 'video',
                least(gap_ms, watched_wall_ms),
                activity_type in ('question', 'assessment'),
                least(gap_ms, {{ 1000 * var("active_cap_problem_seconds") }}),
                least(gap_ms, {{ 1000 * var("active_cap_page_seconds") }})
            ) as active_low_ms,
            greatest(
                active_low_ms,
                least(gap_ms, {{ 1000 * var("active_cap_high_seconds") }})
            ) as active_high_ms
        from with_next
    )

select
    statement_key,
    statement_id,
    learner_id,
    source,
    session_id,
    session_started_at,
    verb,
    verb_group,
    activity_id,
    activity_type,
    course_id,
    arrival_type,
    occurred_at,
    gap_ms,
    gap_before_ms,
    {{ seconds("active_low_ms") }} as active_seconds_low,
    {{ seconds("active_high_ms") }} as active_seconds_high
from final
