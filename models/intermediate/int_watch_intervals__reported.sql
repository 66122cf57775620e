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
    What the player itself says was played (`played-segments`) and no pair of statements proves. A report is a running
    total, over player sessions too, so that nothing counts twice: how often the reports cover a place is how often the
    one does that covers it most, and what pairs credit in any stream of the view is taken from that, level by level (a
    second level is what a report's own list repeats). Of several streams that report a stretch, the first has it. Each
    level is swept as arrays, for in steps of their own the reports were read and parted three times over.
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

    clipped_reports as (
        select
            reports.learner_id as learner_id,
            reports.video_id as video_id,
            reports.stream_id as stream_id,
            reports.course_id as course_id,
            reports.reported_at as reported_at,
            lengths.length_ms as length_ms,
            arrayFilter(
                segment -> segment .2 > segment .1 and segment .2 < 1000000000,
                arrayMap(
                    segment -> (
                        greatest(segment .1, 0), {{ clipped("segment.2", "length_ms") }}
                    ),
                    reports.closed_segments
                )
            ) as segments,
            {{ sorted_borders("segments") }} as borders
        from reports
        left join lengths on reports.video_id = lengths.video_id
    ),

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
            arrayJoin(arrayDistinct(segments .1)) as level,
            {{ of_level("segments", "level") }} as segments_of_level
        from streams
    ),

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

    {# Where a segment (second) or what is counted already (third) starts or ends. #}
    bordered as (
        select
            with_earlier.learner_id as learner_id,
            with_earlier.video_id as video_id,
            with_earlier.stream_id as stream_id,
            with_earlier.course_id as course_id,
            with_earlier.length_ms as length_ms,
            with_earlier.last_report as last_report,
            with_earlier.level as level,
            arrayConcat(
                with_earlier.earlier,
                {{ of_level("credited_levels.credited", "with_earlier.level") }}
            ) as counted,
            arraySort(
                arrayConcat(
                    arrayMap(
                        segment -> (segment .1, 1, 0), with_earlier.segments_of_level
                    ),
                    arrayMap(
                        segment -> (segment .2, -1, 0), with_earlier.segments_of_level
                    ),
                    arrayMap(stretch -> (stretch .1, 0, 1), counted),
                    arrayMap(stretch -> (stretch .2, 0, -1), counted)
                )
            ) as borders
        from with_earlier
        left join
            credited_levels
            on with_earlier.learner_id = credited_levels.learner_id
            and with_earlier.video_id = credited_levels.video_id
    ),

    {# From border to border, and whether only the player says that it was played. #}
    pieced as (
        select
            *,
            arrayFilter(
                piece -> piece .2 > piece .1,
                arrayMap(
                    (border, next_border, reported_count, counted_times) -> (
                        border .1,
                        next_border .1,
                        reported_count > 0 and counted_times = 0
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
    end_ms,
    toUInt64(level) as repeat_number
from uncovered
