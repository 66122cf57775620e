{{
    config(
        materialized="touched",
        replaces="session_id in (select session_id from {{ ref('int_touched_timeline') }}) "
        ~ "or is_provisional != ({{ is_provisional_session() }})",
        sampled_by="learner_id",
        codecs={"session_id": "ZSTD(1)"},
        order_by=["learner_id", "started_at", "session_id"],
        partition_by="toYYYYMM(started_at)",
        tags=["near_real_time"],
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
            course_id,
            arrival_type,
            occurred_at,
            gap_ms,
            gap_before_ms,
            active_seconds_low,
            active_seconds_high
        from {{ ref("int_statements__sessionized") }}
        {% if is_touched_build() %} where {{ is_in_timeline(timeline) }}
        {% else %} where {{ is_in_batch("learner_id", 3) }}
        {% endif %}
    ),

    watched as (
        select session_id, sum(watched_seconds) as video_seconds
        from {{ ref("fct_watch_intervals") }}
        {% if is_touched_build() %}
            where
                learner_id in (select learner_id from {{ timeline }})
                and session_id in (select session_id from {{ timeline }})
        {% else %} where {{ is_in_batch("learner_id", 3) }}
        {% endif %}
        group by session_id
    ),

    {#
        No gap is before a session's first event, and one of 0 ms after its last: told so, not every event is compared
        with the others by time and id, which was half of the work.
    #}
    by_session as (
        select
            session_id,
            min(learner_id) as session_learner_id,
            min(occurred_at) as started_at,
            max(occurred_at) as ended_at,
            sum(active_seconds_low) as active_seconds_low,
            sum(active_seconds_high) as active_seconds_high,
            count() as event_count,
            uniqExactIf(activity_id, activity_id != '') as activity_count,
            countIf(verb = 'answered') as attempt_count,
            uniqExactIf(course_id, course_id != '') as course_count,
            argMinIf(
                (arrival_type, activity_id),
                (statements.occurred_at, statements.statement_id),
                gap_before_ms is null
            ) as first_event,
            argMaxIf(
                activity_id,
                (statements.occurred_at, statements.statement_id),
                gap_ms = 0
            ) as last_activity_id
        from statements
        group by session_id
    ),

    final as (
        select
            by_session.session_id as session_id,
            session_learner_id as learner_id,
            started_at,
            ended_at,
            {{ seconds("dateDiff('millisecond', started_at, ended_at)") }}
            as wall_seconds,
            CAST(active_seconds_low, 'Decimal(18, 3)') as active_seconds_low,
            CAST(active_seconds_high, 'Decimal(18, 3)') as active_seconds_high,
            event_count,
            activity_count,
            attempt_count,
            CAST(watched.video_seconds, 'Decimal(18, 3)') as video_seconds,
            course_count,
            first_event.arrival_type as entry_arrival_type,
            first_event.activity_id as first_activity_id,
            last_activity_id,
            toBool(event_count = 1) as is_bounce,
            toBool({{ is_provisional_session() }}) as is_provisional
        from by_session
        left join watched using (session_id)
        {% if is_touched_build() %}
            union all
            {# Nothing about these changed but the watermark. #}
            select
                * except (is_provisional),
                toBool({{ is_provisional_session() }}) as is_still_provisional
            from {{ this }}
            where
                session_id not in (select session_id from {{ timeline }})
                and is_provisional != ({{ is_provisional_session() }})
        {% endif %}
    )

select *
from final
