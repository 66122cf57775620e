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
    Statements come from disk learner by learner, and each learner's are cut as arrays: windows over all statements would
    sort them three times, and met the limit of 1.4 GB at a million.
#}
{%- set timeline = ref("int_touched_timeline") %}
{%- set session_gap_ms = 60000 * var("session_gap_minutes") %}
{%- set session_max_ms = 3600000 * var("session_max_hours") %}

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
            occurred_at
        from {{ ref("int_statements__deduplicated") }}
        {% if is_touched_build() %} where {{ is_in_timeline(timeline) }}
        {% else %} where {{ is_in_batch("learner_id") }}
        {% endif %}
    ),

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
        from statements
        group by learner_id
    ),

    players as (
        select
            learner_id as player_learner_id,
            groupArray(
                (
                    occurred_at,
                    statement_id,
                    toUInt8(0),
                    watched_wall_ms,
                    greatest(
                        {{ session_gap_ms }},
                        least(
                            {{ 3600000 * var("player_silence_max_hours") }},
                            remaining_wall_ms + {{ 1000 * var("player_grace_seconds") }}
                        )
                    )
                )
            ) as playing
        from {{ ref("int_watch_intervals__classified") }}
        {% if is_touched_build() %}
            where statement_key in (select statement_key from {{ timeline }})
        {% else %} where {{ is_in_batch("learner_id") }}
        {% endif %}
        group by learner_id
    ),

    {# In order each player's entry stands right before the event that it belongs to. #}
    merged as (
        select
            histories.learner_id as learner_id,
            histories.events as events,
            arraySort(
                arrayConcat(
                    players.playing,
                    arrayMap(
                        event -> (
                            event .1,
                            event .2,
                            toUInt8(1),
                            toInt64(0),
                            toInt64({{ session_gap_ms }})
                        ),
                        histories.events
                    )
                )
            ) as entries
        from histories
        left join players on histories.learner_id = players.player_learner_id
    ),

    {# Watched milliseconds, and the silence allowed after the event. #}
    with_players as (
        select
            learner_id,
            events,
            arrayMap(event -> toUnixTimestamp64Milli(event .1), events) as ats,
            arrayFilter(
                (played, entry) -> entry .3 = 1,
                arrayMap(
                    (entry, before) -> if(
                        before .3 = 0 and before .2 = entry .2,
                        (before .4, before .5),
                        (entry .4, entry .5)
                    ),
                    entries,
                    arrayPushFront(
                        arrayPopBack(entries),
                        (
                            toDateTime64(0, 3, 'UTC'),
                            '',
                            toUInt8(1),
                            toInt64(0),
                            toInt64(0)
                        )
                    )
                ),
                entries
            ) as played
        from merged
    ),

    visits as (
        select
            learner_id,
            arrayJoin(
                arraySplit(
                    (event, silence_ms, allowed_ms) -> silence_ms > allowed_ms,
                    arrayZip(events, ats, played .1),
                    arrayDifference(ats),
                    arrayPushFront(arrayPopBack(played .2), toInt64(0))
                )
            ) as visit
        from with_players
    ),

    {# A visit longer than the longest session is cut: each cut starts where the session before it would pass the limit. #}
    with_cuts as (
        select
            learner_id,
            visit,
            arrayFold(
                (starts, at) -> if(
                    at - starts[-1] > {{ session_max_ms }},
                    arrayPushBack(starts, at),
                    starts
                ),
                if(visit[-1] .2 - visit[1] .2 > {{ session_max_ms }}, visit .2, []),
                [visit[1] .2]
            ) as cuts
        from visits
    ),

    sessions as (
        select
            learner_id,
            arrayJoin(
                arraySplit(
                    (event, step) -> step > 0,
                    visit,
                    arrayDifference(
                        arrayMap(
                            at -> toInt64(arrayCount(cut -> cut <= at, cuts)), visit .2
                        )
                    )
                )
            ) as session
        from with_cuts
    ),

    identified as (
        select
            learner_id,
            session[1] .1 .1 as session_started_at,
            session[1] .1 .2 as first_statement_id,
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
            placed .1 .1 .1 as occurred_at,
            placed .1 .1 .2 as statement_id,
            placed .1 .1 .3 as statement_key,
            placed .1 .1 .4 as source,
            placed .1 .1 .5 as verb,
            placed .1 .1 .6 as verb_group,
            placed .1 .1 .7 as activity_id,
            placed .1 .1 .8 as activity_type,
            placed .1 .1 .9 as course_id,
            placed .1 .1 .10 as arrival_type,
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
