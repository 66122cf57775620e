{{
    config(
        materialized="touched",
        replaces="statement_key in (select statement_key from {{ ref('int_touched_timeline') }}) "
        ~ "and toYYYYMM(occurred_at) in (select toYYYYMM(occurred_at) from {{ ref('int_touched_timeline') }})",
        sampled_by="learner_id",
        codecs={
            "statement_id": "ZSTD(1)",
            "session_id": "ZSTD(1)",
            "occurred_at": "ZSTD(1)",
            "gap_ms": "ZSTD(1)",
            "gap_before_ms": "ZSTD(1)",
            "active_seconds_low": "ZSTD(1)",
            "active_seconds_high": "ZSTD(1)",
        },
        partition_by="toYYYYMM(occurred_at)",
        order_by=["learner_id", "occurred_at", "statement_id"],
        tags=["near_real_time"],
        query_settings={
            "optimize_aggregation_in_order": 1,
            "aggregation_in_order_max_block_bytes": 8388608,
        },
    )
}}

{#
    1. All events of a learner become one array in the order of time, and beside it how long a silence each may be followed
       by: the session gap, or as long as a player left playing explains.
    2. The array is cut where a silence is longer than that: visits.
    3. A visit longer than the longest session is cut again, each time where the limit would be passed: sessions.
    4. Sessions become rows again; an event stands for the time to the next one of its session, capped by what it was.

    Arrays, because windows over all statements would sort them three times, and met the limit of 1.4 GB at a million.
#}
{%- set timeline = ref("int_touched_timeline") %}
{%- set session_gap_ms = 60000 * var("session_gap_minutes") %}
{%- set session_max_ms = 3600000 * var("session_max_hours") %}
{%- set allowed_by_player %}
    greatest(
        {{ session_gap_ms }},
        least(
            {{ 3600000 * var("player_silence_max_hours") }},
            remaining_wall_ms + {{ 1000 * var("player_grace_seconds") }}
        )
    )
{%- endset %}
{%- set is_with_player = "before.statement_id = entry.statement_id" %}

with
    {# Statements come from disk learner by learner. Tuples are sorted by their first elements: time, then id. #}
    histories as (
        select
            learner_id,
            arraySort(
                groupArray(
                    (
                        occurred_at,
                        statement_id,
                        statement_key,
                        source,
                        verb,
                        verb_group,
                        activity_id,
                        activity_type,
                        course_id,
                        arrival_type
                    )
                )
            ) as events
        from {{ ref("int_statements__deduplicated") }}
        {% if is_touched_build() %} where {{ is_in_timeline(timeline) }}
        {% else %} where {{ is_in_batch("learner_id") }}
        {% endif %}
        group by learner_id
    ),

    {# What the player did after an event: how long it was watched, and how long it could go on. #}
    players as (
        select
            learner_id,
            groupArray(
                {{
                    named_tuple(
                        occurred_at="occurred_at",
                        statement_id="statement_id",
                        is_event="false",
                        watched_wall_ms="watched_wall_ms",
                        allowed_silence_ms=allowed_by_player,
                    )
                }}
            ) as playing
        from {{ ref("int_watch_intervals__classified") }}
        {% if is_touched_build() %}
            where statement_key in (select statement_key from {{ timeline }})
        {% else %} where {{ is_in_batch("learner_id") }}
        {% endif %}
        group by learner_id
    ),

    {# Sorted together, each player's entry stands right before the event that it belongs to. #}
    merged as (
        select
            learner_id,
            events,
            arraySort(
                arrayConcat(
                    playing,
                    arrayMap(
                        event
                        -> {{
                            named_tuple(
                                occurred_at="event.occurred_at",
                                statement_id="event.statement_id",
                                is_event="true",
                                watched_wall_ms="toInt64(0)",
                                allowed_silence_ms="toInt64(" ~ session_gap_ms ~ ")",
                            )
                        }},
                        events
                    )
                )
            ) as entries
        from histories
        left join players using (learner_id)
    ),

    {# One entry for each event again, with what the player's says where there is one. #}
    with_players as (
        select
            learner_id,
            events,
            arrayMap(event -> toUnixTimestamp64Milli(event.occurred_at), events) as ats,
            arrayFilter(
                (player, entry) -> entry.is_event,
                arrayMap(
                    (entry, before)
                    -> {{
                        named_tuple(
                            watched_wall_ms="if("
                            ~ is_with_player
                            ~ ", before.watched_wall_ms, entry.watched_wall_ms)",
                            allowed_silence_ms="if("
                            ~ is_with_player
                            ~ ", before.allowed_silence_ms, entry.allowed_silence_ms)",
                        )
                    }},
                    entries,
                    arrayPushFront(arrayPopBack(entries), entries[1])
                ),
                entries
            ) as played
        from merged
    ),

    {#
        The silence before an event is compared with what the event before it allows. Zipped arrays are read by number: a
        lambda that names their elements, here and in `identified`, takes a fifth of the model's time. A moment of a visit
        or session is (event, milliseconds, watched milliseconds).
    #}
    visits as (
        select
            learner_id,
            arrayJoin(
                arraySplit(
                    (moment, silence_ms, allowed_ms) -> silence_ms > allowed_ms,
                    arrayZip(events, ats, played.watched_wall_ms),
                    arrayDifference(ats),
                    arrayPushFront(arrayPopBack(played.allowed_silence_ms), toInt64(0))
                )
            ) as visit
        from with_players
    ),

    {# Where sessions of a visit start: at its first event, and where the session before would pass the limit. #}
    with_starts as (
        select
            learner_id,
            visit,
            arrayFold(
                (starts, at_ms) -> if(
                    at_ms - starts[-1] > {{ session_max_ms }},
                    arrayPushBack(starts, at_ms),
                    starts
                ),
                if(visit[-1] .2 - visit[1] .2 > {{ session_max_ms }}, visit .2, []),
                [visit[1] .2]
            ) as starts
        from visits
    ),

    sessions as (
        select
            learner_id,
            arrayJoin(
                arraySplit(
                    (moment, step) -> step > 0,
                    visit,
                    arrayDifference(
                        arrayMap(
                            at_ms -> toInt64(
                                arrayCount(start_ms -> start_ms <= at_ms, starts)
                            ),
                            visit .2
                        )
                    )
                )
            ) as session
        from with_starts
    ),

    {#
        A session is named by its first statement, so that it keeps its id while that one stands. Placed is a moment with
        the silence after it and the one before it.
    #}
    identified as (
        select
            learner_id,
            tupleElement(session[1] .1, 'occurred_at') as session_started_at,
            tupleElement(session[1] .1, 'statement_id') as first_statement_id,
            {{ surrogate_key(["learner_id", "first_statement_id"]) }} as session_id,
            arrayDifference(session .2) as steps,
            arrayJoin(
                arrayZip(
                    session,
                    arrayPushBack(arrayPopFront(steps), 0),
                    arrayMap(
                        (step, position) -> if(position = 1, null, step),
                        steps,
                        arrayEnumerate(steps)
                    )
                )
            ) as placed
        from sessions
    ),

    final as (
        select
            learner_id,
            session_id,
            session_started_at,
            placed .1 .1 as event,
            event.occurred_at as occurred_at,
            event.statement_id as statement_id,
            event.statement_key as statement_key,
            event.source as source,
            event.verb as verb,
            event.verb_group as verb_group,
            event.activity_id as activity_id,
            event.activity_type as activity_type,
            event.course_id as course_id,
            event.arrival_type as arrival_type,
            placed .1 .3 as watched_wall_ms,
            placed .2 as gap_ms,
            placed .3 as gap_before_ms,
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
        from identified
    )

select
    statement_key,
    statement_id,
    learner_id,
    toLowCardinality(source) as source,
    session_id,
    session_started_at,
    toLowCardinality(verb) as verb,
    toLowCardinality(verb_group) as verb_group,
    toLowCardinality(activity_id) as activity_id,
    toLowCardinality(activity_type) as activity_type,
    toLowCardinality(course_id) as course_id,
    toLowCardinality(arrival_type) as arrival_type,
    occurred_at,
    gap_ms,
    gap_before_ms,
    {{ seconds("active_low_ms") }} as active_seconds_low,
    {{ seconds("active_high_ms") }} as active_seconds_high
from final
