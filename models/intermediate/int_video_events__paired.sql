{{
    config(
        engine="MergeTree()",
        order_by=["learner_id", "video_id", "stream_id", "occurred_at", "statement_id"],
        tags=["near_real_time"],
    )
}}

{#
    Pairs each event of a video stream with the one that follows it and says whether the player was playing between
    the two, how far the clock could have carried it (reach) and how far its position moved (advance).
#}
with
    statements as (
        select
            statement_id,
            learner_id,
            activity_id as video_id,
            course_id,
            verb,
            occurred_at,
            multiIf(
                player_session_id != '',
                player_session_id,
                registration_id != '',
                registration_id,
                '1'
            ) as stream_id,
            {{ plausible_position_ms("position_seconds") }} as position_ms,
            {{ plausible_position_ms("position_from_seconds") }} as position_from_ms,
            {{ plausible_position_ms("position_to_seconds") }} as position_to_ms,
            if(playback_rate > 0 and playback_rate <= 16, playback_rate, null) as rate
        from {{ ref("int_statements__deduplicated") }}
        where
            activity_type = 'video'
            and verb in (
                'initialized',
                'played',
                'interacted',
                'seeked',
                'paused',
                'completed',
                'terminated'
            )
    ),

    positioned as (
        select
            *,
            toUnixTimestamp64Milli(occurred_at) as at_ms,
            if(verb = 'seeked', ifNull(position_from_ms, position_ms), position_ms) as before_ms,
            if(verb = 'seeked', ifNull(position_to_ms, position_ms), position_ms) as after_ms,
            {# One timestamp for a whole batch: the position tells the order, then the nature of the event. #}
            ifNull(before_ms, if(verb = 'initialized', -1, 1000000000)) as order_position_ms,
            transform(
                verb,
                [
                    'initialized',
                    'played',
                    'interacted',
                    'seeked',
                    'paused',
                    'completed',
                    'terminated'
                ],
                [1, 2, 3, 4, 5, 6, 7],
                8
            ) as verb_rank,
            multiIf(
                verb = 'played',
                toNullable(1),
                verb in ('initialized', 'paused', 'completed', 'terminated'),
                toNullable(0),
                null
            ) as state_change
        from statements
    ),

    paired as (
        select
            statement_id,
            learner_id,
            video_id,
            course_id,
            stream_id,
            verb,
            occurred_at,
            at_ms,
            after_ms,
            ifNull(anyLast(state_change) over so_far, 0) = 1 as is_playing,
            ifNull(anyLast(rate) over so_far, 1) as playback_rate,
            leadInFrame(statement_id) over whole_stream as next_statement_id,
            leadInFrame(verb) over whole_stream as next_verb,
            leadInFrame(at_ms) over whole_stream as next_at_ms,
            leadInFrame(before_ms) over whole_stream as next_before_ms
        from positioned
        window
            so_far as (
                partition by learner_id, video_id, stream_id
                order by at_ms, order_position_ms, verb_rank, statement_id
                rows between unbounded preceding and current row
            ),
            whole_stream as (
                partition by learner_id, video_id, stream_id
                order by at_ms, order_position_ms, verb_rank, statement_id
                rows between unbounded preceding and unbounded following
            )
    ),

    measured as (
        select
            *,
            if(next_statement_id = '', 0, next_at_ms - at_ms) as wall_ms,
            toInt64(round(playback_rate * wall_ms)) as reach_ms,
            if(next_statement_id = '', null, next_before_ms - after_ms) as advance_ms,
            is_playing
            and advance_ms is not null
            and next_verb not in ('played', 'initialized') as is_played_pair
        from paired
    ),

    final as (
        select
            *,
            sumIf(greatest(assumeNotNull(advance_ms), 0), is_played_pair) over stream
            > {{ var("compressed_clock_factor") }} * sumIf(reach_ms, is_played_pair) over stream
            as is_clock_compressed
        from measured
        window stream as (partition by learner_id, video_id, stream_id)
    )

select
    statement_id,
    learner_id,
    video_id,
    course_id,
    stream_id,
    verb,
    occurred_at,
    after_ms,
    is_playing,
    playback_rate,
    next_statement_id,
    next_verb,
    next_at_ms,
    wall_ms,
    reach_ms,
    advance_ms,
    is_clock_compressed
from final
