{{
    config(
        materialized="touched",
        replaces="toYYYYMM(started_at) in (select toYYYYMM(occurred_at) from {{ ref('int_touched_timeline') }}) "
        ~ "and start_statement_id in (select statement_id from {{ ref('int_touched_timeline') }})",
        sampled_by="learner_id",
        codecs={
            "watch_interval_id": "ZSTD(1)",
            "learner_id": "ZSTD(1)",
            "session_id": "ZSTD(1)",
            "player_session_id": "ZSTD(1)",
            "start_statement_id": "ZSTD(1)",
            "end_statement_id": "ZSTD(1)",
        },
        order_by=["video_id", "learner_id", "started_at", "watch_interval_id"],
        partition_by="toYYYYMM(started_at)",
        tags=["near_real_time"],
        query_settings={
            "join_algorithm": "full_sorting_merge",
            "query_plan_join_swap_table": "false",
        },
    )
}}

{%- set timeline = ref("int_touched_timeline") %}
{%- set is_of_this_build %}
    {% if is_touched_build() %} {{ is_in_timeline(timeline) }}
    {% else %}
        {{ is_in_batch("learner_id") }}
        and {{ is_in_month_of(ref("int_statements__sessionized")) }}
    {% endif %}
{% endset %}

with
    intervals as (
        select
            statement_id,
            learner_id,
            video_id,
            course_id,
            stream_id,
            kind,
            occurred_at,
            next_statement_id,
            playback_rate,
            wall_ms,
            length_ms,
            start_ms,
            end_ms,
            end_high_ms,
            watched_wall_ms,
            has_position_outside,
            repeat_number,
            is_first_pass
        from {{ ref("int_watch_intervals__sequenced") }}
        where {{ is_of_this_build }}
    ),

    sessions as (
        select statement_id, learner_id, occurred_at, session_id
        from {{ ref("int_statements__sessionized") }}
        where {{ is_of_this_build }} and activity_type = 'video'
    ),

    final as (
        select
            {{
                surrogate_key(
                    [
                        "intervals.statement_id",
                        "intervals.kind",
                        "intervals.start_ms",
                        "intervals.repeat_number",
                    ]
                )
            }} as watch_interval_id,
            intervals.learner_id as learner_id,
            intervals.video_id as video_id,
            intervals.course_id as course_id,
            sessions.session_id as session_id,
            intervals.stream_id as player_session_id,
            toLowCardinality(intervals.kind) as kind,
            toBool(
                intervals.kind in ('resumed', 'compressed', 'reported')
                or intervals.has_position_outside
            ) as is_flagged,
            toBool(intervals.has_position_outside) as has_position_outside,
            intervals.statement_id as start_statement_id,
            intervals.next_statement_id as end_statement_id,
            intervals.occurred_at as started_at,
            {{ seconds("intervals.start_ms") }} as start_seconds,
            {{ seconds("intervals.end_ms") }} as end_seconds,
            {{ seconds("intervals.end_high_ms") }} as end_seconds_high,
            {{ seconds("intervals.end_ms - intervals.start_ms") }} as watched_seconds,
            intervals.playback_rate as playback_rate,
            {{ seconds("intervals.wall_ms") }} as wall_seconds,
            {{ seconds("intervals.watched_wall_ms") }} as watched_wall_seconds,
            if(
                intervals.length_ms > 0, {{ seconds("intervals.length_ms") }}, null
            ) as length_seconds,
            intervals.repeat_number as repeat_number,
            toBool(intervals.is_first_pass) as is_first_pass
        from intervals
        {# Sessions come in this order from disk; a hash of all their statements would not fit into memory. #}
        inner join
            sessions
            on intervals.learner_id = sessions.learner_id
            and intervals.occurred_at = sessions.occurred_at
            and intervals.statement_id = sessions.statement_id
    )

select *
from final
