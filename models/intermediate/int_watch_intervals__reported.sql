{{
    config(
        materialized="touched",
        replaces="view_key in (select view_key from {{ ref('int_touched_views') }})",
        sampled_by="learner_id",
        codecs={"statement_id": "ZSTD(1)", "stream_id": "ZSTD(1)"},
        partition_by="toYYYYMM(occurred_at)",
        order_by=["learner_id", "video_id", "start_ms"],
        tags=["near_real_time"],
    )
}}

{#
    What the player itself says was played (`played-segments`) and no pair of statements proves:
    1. The segments of all reports of a stream are taken apart by how often they cover a place: level 1, level 2 (what a
       report's own list repeats), and so on.
    2. At each level, what earlier streams report and what pairs credit in any stream of the view is counted already.
    3. From border to border, what is reported and not counted is left; pieces that touch are one interval.

    A report is a running total, over player sessions too, so that nothing counts twice: how often the reports cover a place
    is how often the one does that covers it most. Each level is swept as arrays, for in steps of their own the reports were
    read and parted three times over.
#}
{%- set touched_views = ref("int_touched_views") %}
{%- set learner_courses = ref("int_learner_courses") %}

with
    {# `0[.]60[,]80[.]100[,]120` holds two segments; the last one is still open. #}
    reports as (
        select
            learner_id,
            activity_id as video_id,
            {{ stream_id() }} as stream_id,
            course_id,
            (occurred_at, statement_id) as reported_at,
            arrayMap(
                ends
                -> {{
                    named_tuple(
                        start_ms=milliseconds("toFloat64OrZero(ends[1])"),
                        end_ms=milliseconds("toFloat64OrZero(ends[2])"),
                    )
                }},
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
            {% if is_touched_build() %}
                learner_id in (select learner_id from {{ touched_views }})
                and {{ is_in_time_of(touched_views, learner_courses) }}
            {% else %} {{ is_in_batch("learner_id", 3) }}
            {% endif %} and activity_type = 'video' and played_segments != ''
            {% if is_touched_build() %}
                and {{ compact_key(["learner_id", "activity_id"]) }}
                in (select view_key from {{ touched_views }})
            {% endif %}
    ),

    lengths as (select video_id, length_ms from {{ ref("int_video_lengths") }}),

    {# Kept inside the video; what is empty there, or longer than eleven days, is no segment. #}
    clipped_reports as (
        select
            reports.*,
            length_ms,
            arrayFilter(
                segment -> segment.end_ms > segment.start_ms
                and segment.end_ms < 1000000000,
                arrayMap(
                    segment
                    -> {{
                        named_tuple(
                            start_ms="greatest(segment.start_ms, 0)",
                            end_ms=clipped("segment.end_ms", "length_ms"),
                        )
                    }},
                    closed_segments
                )
            ) as segments,
            {{ sorted_borders("segments") }} as borders
        from reports
        left join lengths on reports.video_id = lengths.video_id
    ),

    {# What any report of a stream covers at a level. #}
    streams as (
        select
            learner_id,
            video_id,
            stream_id,
            max(length_ms) as length_ms,
            max(reported_at) as last_report,
            argMax(course_id, reported_at) as course_id,
            groupUniqArrayArray({{ levelled("borders") }}) as segments
        from clipped_reports
        group by learner_id, video_id, stream_id
    ),

    stream_levels as (
        select
            * except (segments),
            arrayJoin(arrayDistinct(segments.level)) as level,
            {{ of_level("segments", "level") }} as segments_of_level
        from streams
    ),

    {# Of several streams that report a stretch, the first has it. #}
    with_earlier as (
        select
            *,
            groupArrayArray(segments_of_level) over (
                partition by learner_id, video_id, level
                order by last_report
                rows between unbounded preceding and 1 preceding
            ) as earlier
        from stream_levels
    ),

    {# What pairs of statements credit, in any stream of the view, by level. #}
    credited_views as (
        select
            learner_id,
            video_id,
            {{ sorted_borders("groupArray((start_ms, end_ms))") }} as borders
        from {{ ref("int_watch_intervals__classified") }}
        where
            {% if is_touched_build() %}
                view_key in (select view_key from {{ touched_views }})
            {% else %} {{ is_in_batch("learner_id", 3) }}
            {% endif %} and end_ms > start_ms
        group by learner_id, video_id
    ),

    credited_levels as (
        select learner_id, video_id, {{ levelled("borders") }} as credited
        from credited_views
    ),

    {# Where a segment, or what is counted already, starts (1) or ends (-1). #}
    bordered as (
        select
            *,
            arrayConcat(earlier, {{ of_level("credited", "level") }}) as counted,
            arraySort(
                arrayConcat(
                    arrayMap(
                        segment
                        -> {{
                            named_tuple(
                                place_ms="segment.start_ms",
                                reported_step=1,
                                counted_step=0,
                            )
                        }},
                        segments_of_level
                    ),
                    arrayMap(
                        segment
                        -> {{
                            named_tuple(
                                place_ms="segment.end_ms",
                                reported_step=-1,
                                counted_step=0,
                            )
                        }},
                        segments_of_level
                    ),
                    arrayMap(
                        stretch
                        -> {{
                            named_tuple(
                                place_ms="stretch.start_ms",
                                reported_step=0,
                                counted_step=1,
                            )
                        }},
                        counted
                    ),
                    arrayMap(
                        stretch
                        -> {{
                            named_tuple(
                                place_ms="stretch.end_ms",
                                reported_step=0,
                                counted_step=-1,
                            )
                        }},
                        counted
                    )
                )
            ) as borders
        from with_earlier
        left join credited_levels using (learner_id, video_id)
    ),

    {# From border to border, and whether only the player says that it was played. #}
    pieced as (
        select
            *,
            arrayFilter(
                piece -> piece.end_ms > piece.start_ms,
                arrayMap(
                    (border, next_border, reported_times, counted_times)
                    -> {{
                        named_tuple(
                            start_ms="border.place_ms",
                            end_ms="next_border.place_ms",
                            is_left="reported_times > 0 and counted_times = 0",
                        )
                    }},
                    borders,
                    arrayPushBack(arrayPopFront(borders), borders[-1]),
                    arrayCumSum(borders.reported_step),
                    arrayCumSum(borders.counted_step)
                )
            ) as pieces
        from bordered
    ),

    {# A piece that is not left starts an island, and is no part of it. #}
    uncovered as (
        select
            *,
            arrayFilter(
                piece -> piece.is_left,
                arrayJoin(arraySplit(piece -> not piece.is_left, pieces))
            ) as island,
            island.start_ms[1] as start_ms,
            island.end_ms[-1] as end_ms
        from pieced
        {# Slivers are the rounding between a pause and the player's own record of it, not another viewing. #}
        where end_ms - start_ms > {{ 1000 * var("reach_tolerance_seconds") }}
    )

select
    {{ compact_key(["learner_id", "video_id"]) }} as view_key,
    last_report.statement_id as statement_id,
    learner_id,
    video_id,
    course_id,
    stream_id,
    last_report.occurred_at as occurred_at,
    length_ms,
    start_ms,
    end_ms,
    toUInt64(level) as repeat_number
from uncovered
