{{
    config(
        materialized="touched",
        replaces="view_key in (select view_key from {{ ref('int_touched_views') }})",
        engine="MergeTree()",
        partition_by="toYYYYMM(occurred_at)",
        order_by=["learner_id", "video_id", "start_ms"],
        tags=["near_real_time"],
        query_settings={"allow_reorder_prewhere_conditions": 0},
    )
}}

{#
    What the player itself says was played (`played-segments`) and no pair of statements proves: the reported segments
    of a stream less the intervals credited in it, found by a sweep over the borders of both. Each stream is swept as
    arrays, for in steps of their own the reports were read and parted three times over.
#}
{%- set touched_views = ref("int_touched_views") %}
{%- set learner_courses = ref("int_learner_courses") %}

with
    reports as (
        select
            learner_id,
            activity_id as video_id,
            multiIf(
                player_session_id != '',
                player_session_id,
                registration_id != '',
                registration_id,
                '1'
            ) as stream_id,
            course_id,
            (occurred_at, statement_id) as reported_at,
            arrayMap(
                ends -> (
                    {{ milliseconds("toFloat64OrZero(ends[1])") }},
                    {{ milliseconds("toFloat64OrZero(ends[2])") }}
                ),
                arrayFilter(
                    ends -> length(ends) = 2,
                    arrayMap(
                        segment -> splitByString('[.]', segment),
                        splitByString('[,]', played_segments)
                    )
                )
            ) as closed_segments
        from {{ ref("int_statements__deduplicated") }}
        where
            {% if is_touching() %}
                learner_id in (select learner_id from {{ touched_views }})
                and {{ is_in_time_of(touched_views, learner_courses) }}
            {% else %} {{ is_in_batch("learner_id", 3) }}
            {% endif %} and activity_type = 'video' and played_segments != ''
            {% if is_touching() %}
                and {{ compact_key(["learner_id", "activity_id"]) }}
                in (select view_key from {{ touched_views }})
            {% endif %}
    ),

    streams as (
        select
            learner_id,
            video_id,
            stream_id,
            max(reported_at) as last_report,
            argMax(course_id, reported_at) as course_id,
            groupUniqArrayArray(closed_segments) as closed_segments
        from reports
        group by learner_id, video_id, stream_id
    ),

    credited_streams as (
        select
            learner_id, video_id, stream_id, groupArray((start_ms, end_ms)) as credited
        from {{ ref("int_watch_intervals__classified") }}
        where
            {% if is_touching() %}
                view_key in (select view_key from {{ touched_views }})
            {% else %} {{ is_in_batch("learner_id", 3) }}
            {% endif %} and end_ms > start_ms
        group by learner_id, video_id, stream_id
    ),

    lengths as (select video_id, length_ms from {{ ref("int_video_lengths") }}),

    clipped_streams as (
        select
            streams.learner_id as learner_id,
            streams.video_id as video_id,
            streams.stream_id as stream_id,
            streams.last_report as last_report,
            streams.course_id as course_id,
            lengths.length_ms as length_ms,
            arrayFilter(
                segment -> segment .2 > segment .1
                and segment .1 >= 0
                and segment .2 < 1000000000,
                arrayMap(
                    segment -> (segment .1, {{ clipped("segment.2", "length_ms") }}),
                    streams.closed_segments
                )
            ) as segments,
            credited_streams.credited as credited
        from streams
        left join
            credited_streams
            on streams.learner_id = credited_streams.learner_id
            and streams.video_id = credited_streams.video_id
            and streams.stream_id = credited_streams.stream_id
        left join lengths on streams.video_id = lengths.video_id
        where notEmpty(segments)
    ),

    {# Where a segment (second) or a credited interval (third) starts or ends. #}
    bordered as (
        select
            *,
            arraySort(
                arrayConcat(
                    arrayMap(segment -> (segment .1, 1, 0), segments),
                    arrayMap(segment -> (segment .2, -1, 0), segments),
                    arrayMap(stretch -> (stretch .1, 0, 1), credited),
                    arrayMap(stretch -> (stretch .2, 0, -1), credited)
                )
            ) as borders
        from clipped_streams
    ),

    {# From border to border, and whether only the player says that it was played. #}
    pieced as (
        select
            *,
            arrayFilter(
                piece -> piece .2 > piece .1,
                arrayMap(
                    (border, next_border, reported_count, credited_count) -> (
                        border .1,
                        next_border .1,
                        reported_count > 0 and credited_count = 0
                    ),
                    borders,
                    arrayPushBack(arrayPopFront(borders), borders[-1]),
                    arrayCumSum(borders .2),
                    arrayCumSum(borders .3)
                )
            ) as pieces
        from bordered
    ),

    uncovered as (
        select
            *,
            arrayFilter(
                piece -> piece .3, arrayJoin(arraySplit(piece -> not piece .3, pieces))
            ) as island,
            island[1] .1 as start_ms,
            island[-1] .2 as end_ms
        from pieced
        {# Slivers are the rounding between a pause and the player's own record of it, not another viewing. #}
        where end_ms - start_ms > {{ 1000 * var("reach_tolerance_seconds") }}
    )

select
    {{ compact_key(["learner_id", "video_id"]) }} as view_key,
    last_report .2 as statement_id,
    learner_id,
    video_id,
    course_id,
    stream_id,
    last_report .1 as occurred_at,
    length_ms,
    start_ms,
    end_ms
from uncovered
