{{
    config(
        materialized="touched",
        replaces="view_key in (select view_key from {{ ref('int_touched_views') }})",
        engine="MergeTree()",
        partition_by="toYYYYMM(occurred_at)",
        order_by=["learner_id", "video_id", "start_ms"],
        tags=["near_real_time"],
    )
}}

{#
    What the player itself says was played (`played-segments`) and no pair of statements proves: the reported segments
    of a stream less the intervals credited in it, found by a sweep over the borders of both.
#}
{%- set touched_views = ref("int_touched_views") %}
{%- set learner_courses = ref("int_learner_courses") %}

with
    reports as (
        select
            statement_id,
            learner_id,
            activity_id as video_id,
            course_id,
            occurred_at,
            multiIf(
                player_session_id != '',
                player_session_id,
                registration_id != '',
                registration_id,
                '1'
            ) as stream_id,
            arrayFilter(
                segment -> length(segment) = 2,
                arrayMap(
                    segment -> splitByString('[.]', segment),
                    splitByString('[,]', played_segments)
                )
            ) as closed_segments
        from {{ ref("int_statements__deduplicated") }}
        where
            activity_type = 'video' and played_segments != ''
            {% if is_touching() %}
                and {{ is_in_time_of(touched_views, learner_courses) }}
                and learner_id in (select learner_id from {{ touched_views }})
                and {{ compact_key(["learner_id", "activity_id"]) }}
                in (select view_key from {{ touched_views }})
            {% else %} and {{ is_in_batch("learner_id") }}
            {% endif %}
    ),

    streams as (
        select
            learner_id,
            video_id,
            stream_id,
            max((occurred_at, statement_id)) as last_report,
            argMax(course_id, (occurred_at, statement_id)) as course_id,
            groupUniqArrayArray(
                arrayMap(
                    segment -> (
                        assumeNotNull(
                            {{ milliseconds("toFloat64OrZero(segment[1])") }}
                        ),
                        assumeNotNull({{ milliseconds("toFloat64OrZero(segment[2])") }})
                    ),
                    closed_segments
                )
            ) as segments
        from reports
        group by learner_id, video_id, stream_id
    ),

    lengths as (select video_id, length_ms from {{ ref("int_video_lengths") }}),

    segments as (
        select
            streams.learner_id as learner_id,
            streams.video_id as video_id,
            streams.stream_id as stream_id,
            arrayJoin(streams.segments) as segment,
            segment .1 as start_ms,
            {{ clipped("segment.2", "lengths.length_ms") }} as end_ms
        from streams
        left join lengths on streams.video_id = lengths.video_id
        where end_ms > start_ms and start_ms >= 0 and end_ms < 1000000000
    ),

    credited as (
        select learner_id, video_id, stream_id, start_ms, end_ms
        from {{ ref("int_watch_intervals__classified") }}
        where
            end_ms > start_ms
            {% if is_touching() %}
                and view_key in (select view_key from {{ touched_views }})
            {% else %} and {{ is_in_batch("learner_id") }}
            {% endif %}
            and (learner_id, video_id, stream_id)
            in (select learner_id, video_id, stream_id from segments)
    ),

    borders as (
        select
            learner_id,
            video_id,
            stream_id,
            arrayJoin([(start_ms, 1), (end_ms, -1)]) as border,
            border .1 as at_ms,
            border .2 as reported_step,
            0 as credited_step
        from segments
        union all
        select
            learner_id,
            video_id,
            stream_id,
            arrayJoin([(start_ms, 1), (end_ms, -1)]) as border,
            border .1 as at_ms,
            0 as reported_step,
            border .2 as credited_step
        from credited
    ),

    steps as (
        select
            learner_id,
            video_id,
            stream_id,
            at_ms,
            sum(reported_step) as reported_step,
            sum(credited_step) as credited_step
        from borders
        group by learner_id, video_id, stream_id, at_ms
    ),

    pieces as (
        select
            learner_id,
            video_id,
            stream_id,
            at_ms as start_ms,
            leadInFrame(at_ms) over whole_stream as end_ms,
            sum(reported_step) over so_far > 0
            and sum(credited_step) over so_far = 0 as is_reported_only
        from steps
        window
            so_far as (
                partition by learner_id, video_id, stream_id
                order by at_ms
                rows between unbounded preceding and current row
            ),
            whole_stream as (
                partition by learner_id, video_id, stream_id
                order by at_ms
                rows between unbounded preceding and unbounded following
            )
    ),

    islands as (
        select
            learner_id,
            video_id,
            stream_id,
            start_ms,
            end_ms,
            is_reported_only,
            countIf(not is_reported_only) over (
                partition by learner_id, video_id, stream_id
                order by start_ms
                rows between unbounded preceding and current row
            ) as island_number
        from pieces
    ),

    uncovered as (
        select
            learner_id,
            video_id,
            stream_id,
            min(islands.start_ms) as start_ms,
            max(islands.end_ms) as end_ms
        from islands
        where is_reported_only
        group by learner_id, video_id, stream_id, island_number
        {# Slivers are the rounding between a pause and the player's own record of it, not another viewing. #}
        having end_ms - start_ms > {{ 1000 * var("reach_tolerance_seconds") }}
    ),

    final as (
        select
            streams.last_report .2 as statement_id,
            uncovered.learner_id as learner_id,
            uncovered.video_id as video_id,
            streams.course_id as course_id,
            uncovered.stream_id as stream_id,
            streams.last_report .1 as occurred_at,
            lengths.length_ms as length_ms,
            uncovered.start_ms as start_ms,
            uncovered.end_ms as end_ms
        from uncovered
        inner join
            streams
            on uncovered.learner_id = streams.learner_id
            and uncovered.video_id = streams.video_id
            and uncovered.stream_id = streams.stream_id
        left join lengths on uncovered.video_id = lengths.video_id
    )

select
    {{ compact_key(["learner_id", "video_id"]) }} as view_key,
    statement_id,
    learner_id,
    video_id,
    course_id,
    stream_id,
    occurred_at,
    length_ms,
    start_ms,
    end_ms
from final
