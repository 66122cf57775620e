{{
    config(
        materialized="touched",
        replaces="view_key in (select view_key from {{ ref('int_touched_views') }})",
        sampled_by="learner_id",
        codecs={
            "statement_id": "ZSTD(1)",
            "next_statement_id": "ZSTD(1)",
            "stream_id": "ZSTD(1)",
        },
        partition_by="toYYYYMM(occurred_at)",
        order_by=["learner_id", "video_id", "statement_id"],
        tags=["near_real_time"],
    )
}}

{#
    What each playing event and the one after it prove to have been watched: one kind of interval a branch. Each event of a stream is paired with the one that follows it; the pair tells whether the player was playing
    between the two, how far the clock could have carried it (reach) and how far its position moved (advance).
#}
{%- set touched_views = ref("int_touched_views") %}
{%- set learner_courses = ref("int_learner_courses") %}
{%- set is_of_this_build %}
    {% if is_touched_build() %}
        learner_id in (select learner_id from {{ touched_views }})
        and {{ is_in_time_of(touched_views, learner_courses) }}
    {% else %} {{ is_in_batch("learner_id", 2) }}
    {% endif %}
{% endset %}

with
    statements as (
        select
            statement_id,
            learner_id,
            activity_id as video_id,
            course_id,
            verb,
            occurred_at,
            {{ stream_id() }} as stream_id,
            {{ plausible_position_ms("position_seconds") }} as position_ms,
            {{ plausible_position_ms("position_from_seconds") }} as position_from_ms,
            {{ plausible_position_ms("position_to_seconds") }} as position_to_ms,
            ifNull(
                least(
                    ifNull(position_seconds, 0),
                    ifNull(position_from_seconds, 0),
                    ifNull(position_to_seconds, 0)
                )
                < - {{ var("position_tolerance_seconds") }},
                false
            ) as is_before_start,
            if(playback_rate > 0 and playback_rate <= 16, playback_rate, null) as rate
        from {{ ref("int_statements__deduplicated") }}
        where
            {{ is_of_this_build }}
            and activity_type = 'video'
            and verb in (
                'initialized',
                'played',
                'interacted',
                'seeked',
                'paused',
                'completed',
                'terminated'
            )
            {% if is_touched_build() %}
                and {{ compact_key(["learner_id", "activity_id"]) }}
                in (select view_key from {{ touched_views }})
            {% endif %}
    ),

    positioned as (
        select
            *,
            toUnixTimestamp64Milli(occurred_at) as at_ms,
            if(
                verb = 'seeked', ifNull(position_from_ms, position_ms), position_ms
            ) as before_ms,
            if(
                verb = 'seeked', ifNull(position_to_ms, position_ms), position_ms
            ) as after_ms,
            {#
                One timestamp for a whole batch: the position tells the order. At one position what ends a stretch
                comes before what starts the next, or a pause and its resume would swap and lose both.
            #}
            ifNull(
                before_ms, if(verb = 'initialized', -1, 1000000000)
            ) as order_position_ms,
            transform(
                verb,
                [
                    'initialized',
                    'paused',
                    'seeked',
                    'interacted',
                    'played',
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
            before_ms,
            after_ms,
            is_before_start,
            lagInFrame(verb) over whole_stream as previous_verb,
            lagInFrame(at_ms) over whole_stream as previous_at_ms,
            lagInFrame(before_ms) over whole_stream as previous_before_ms,
            lagInFrame(after_ms) over whole_stream as previous_after_ms,
            ifNull(anyLast(state_change) over so_far, 0) = 1 as is_playing,
            ifNull(anyLast(rate) over so_far, 1) as playback_rate,
            leadInFrame(statement_id) over whole_stream as next_statement_id,
            leadInFrame(verb) over whole_stream as next_verb,
            leadInFrame(at_ms) over whole_stream as next_at_ms,
            leadInFrame(before_ms) over whole_stream as next_before_ms,
            leadInFrame(is_before_start) over whole_stream as is_next_before_start
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

    {# After a stale position, and before one, the seek's target counts. #}
    sought as (
        select
            * except (after_ms, next_before_ms),
            if(
                {{ is_stale_position("verb", "before_ms", "at_ms", "previous_") }},
                previous_after_ms,
                after_ms
            ) as sought_from_ms,
            if(
                {{ is_stale_position("next_verb", "next_before_ms", "next_at_ms") }},
                after_ms,
                next_before_ms
            ) as sought_to_ms
        from paired
    ),

    measured as (
        select
            *,
            if(next_statement_id = '', 0, next_at_ms - at_ms) as wall_ms,
            toInt64(round(playback_rate * wall_ms)) as reach_ms,
            if(
                next_statement_id = '', null, sought_to_ms - sought_from_ms
            ) as advance_ms,
            is_playing
            and advance_ms is not null
            and next_verb not in ('played', 'initialized') as is_played_pair,
            is_played_pair
            and advance_ms > {{ 1000 * var("reach_tolerance_seconds") }}
            and wall_ms
            < {{ var("compressed_clock_ratio") }} * advance_ms as is_compressed_pair
        from sought
    ),

    {#
        A clock stamped at upload stands still for the whole stream. One pair or two without time between them are lost
        seeks, and so is a jump, however far it goes, in a stream whose clock moves.
    #}
    trusted as (
        select
            *,
            countIf(is_compressed_pair) over stream
            >= {{ var("compressed_clock_pairs_min") }}
            and sumIf(wall_ms, is_played_pair) over stream
            < {{ var("compressed_clock_ratio") }}
            * sumIf(greatest(assumeNotNull(advance_ms), 0), is_played_pair) over stream
            as is_clock_compressed
        from measured
        window stream as (partition by learner_id, video_id, stream_id)
    ),

    playing_events as (
        select
            statement_id,
            learner_id,
            video_id,
            course_id,
            stream_id,
            occurred_at,
            assumeNotNull(sought_from_ms) as from_ms,
            ifNull(sought_to_ms, 0) as to_ms,
            is_before_start,
            is_next_before_start,
            playback_rate,
            next_statement_id,
            next_verb,
            wall_ms,
            reach_ms,
            advance_ms,
            is_clock_compressed
        from trusted
        where is_playing and sought_from_ms is not null
    ),

    lengths as (select video_id, length_ms from {{ ref("int_video_lengths") }}),

    classified as (
        select
            playing_events.* except (video_id),
            playing_events.video_id as video_id,
            lengths.length_ms as length_ms,
            ifNull(advance_ms, -1) as known_advance_ms,
            known_advance_ms >= 0
            and known_advance_ms
            <= reach_ms
            + {{ 1000 * var("reach_tolerance_seconds") }} as is_within_reach,
            multiIf(
                next_statement_id = '' or advance_ms is null,
                'censored',
                next_verb in ('played', 'initialized'),
                if(is_within_reach, 'resumed', 'censored'),
                known_advance_ms < 0,
                'lost_seek',
                is_clock_compressed,
                'compressed',
                is_within_reach,
                'observed',
                known_advance_ms <= {{ var("unreported_rate_max") }} * reach_ms,
                'observed',
                'jump'
            ) as kind,
            is_before_start
            or is_next_before_start
            or lengths.length_ms > 0
            and greatest(from_ms, to_ms)
            > lengths.length_ms
            + {{ 1000 * var("position_tolerance_seconds") }} as has_position_outside
        from playing_events
        left join lengths on playing_events.video_id = lengths.video_id
    ),

    learner_events as (
        select learner_id, occurred_at
        from {{ ref("int_statements__deduplicated") }}
        where {{ is_of_this_build }}
    ),

    {# Asked of every event, though only censored ones use it: to join those alone would classify all events twice. #}
    bounded as (
        select
            classified.* except (learner_id, occurred_at),
            classified.learner_id as learner_id,
            classified.occurred_at as occurred_at,
            toUnixTimestamp64Milli(learner_events.occurred_at) as next_anywhere_ms,
            multiIf(
                kind in ('observed', 'resumed', 'compressed'),
                known_advance_ms,
                kind = 'jump',
                reach_ms,
                0
            ) as credited_ms,
            multiIf(
                kind = 'jump',
                known_advance_ms,
                kind = 'lost_seek',
                reach_ms,
                kind = 'censored' and next_anywhere_ms > 0,
                toInt64(
                    round(
                        playback_rate * (
                            next_anywhere_ms
                            - toUnixTimestamp64Milli(classified.occurred_at)
                        )
                    )
                ),
                kind = 'censored',
                greatest(length_ms - from_ms, 0),
                credited_ms
            ) as possible_ms
        from classified
        asof left join
            learner_events
            on classified.learner_id = learner_events.learner_id
            and classified.occurred_at < learner_events.occurred_at
    ),

    final as (
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
            has_position_outside,
            {{ clipped("from_ms", "length_ms") }} as start_ms,
            {{ clipped("from_ms + credited_ms", "length_ms") }} as end_ms,
            {# Of an unknown length nothing can be said beyond what was seen, so the bound stays at the end. #}
            if(
                length_ms = 0 and kind in ('censored', 'lost_seek'),
                end_ms,
                greatest({{ clipped("from_ms + possible_ms", "length_ms") }}, end_ms)
            ) as end_high_ms,
            toInt64(round((end_ms - start_ms) / playback_rate)) as reported_wall_ms,
            {# A player that was faster than it said took no longer than the clock shows, but for rounded positions. #}
            if(
                kind = 'compressed',
                reported_wall_ms,
                least(
                    reported_wall_ms,
                    greatest(
                        wall_ms,
                        toInt64(
                            floor(reported_wall_ms / {{ var("unreported_rate_max") }})
                        )
                    )
                )
            ) as watched_wall_ms,
            toInt64(
                round(greatest(length_ms - start_ms, 0) / playback_rate)
            ) as remaining_wall_ms
        from bounded
    )

select
    {{ compact_key(["learner_id", "video_id"]) }} as view_key,
    {{ compact_key(["statement_id"]) }} as statement_key,
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
    remaining_wall_ms,
    has_position_outside
from final
