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
        order_by=["learner_id", "video_id", "occurred_at", "statement_id"],
        tags=["near_real_time"],
    )
}}

{#
    All intervals of a learner and video in the order of watching, with the learner's first pass marked: it lasts as
    long as no viewing starts more than the return horizon after the furthest point was reached.
#}
{%- set touched_views = ref("int_touched_views") %}
{%- set is_of_this_build %}
    {% if is_touched_build() %}
        view_key in (select view_key from {{ touched_views }})
    {% else %} {{ is_in_batch("learner_id", 4) }}
    {% endif %}
{% endset %}

with
    intervals as (
        select
            view_key,
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
            toUInt64(1) as repeat_number
        from {{ ref("int_watch_intervals__classified") }}
        where {{ is_of_this_build }}
        union all
        select
            view_key,
            statement_id,
            learner_id,
            video_id,
            course_id,
            stream_id,
            'reported' as kind,
            occurred_at,
            '' as next_statement_id,
            1 as playback_rate,
            0 as wall_ms,
            length_ms,
            start_ms,
            end_ms,
            end_ms as end_high_ms,
            end_ms - start_ms as watched_wall_ms,
            false as has_position_outside,
            repeat_number
        from {{ ref("int_watch_intervals__reported") }}
        where {{ is_of_this_build }}
    ),

    timed as (
        select
            *,
            toUnixTimestamp64Milli(occurred_at) as at_ms,
            at_ms
            + if(kind in ('reported', 'compressed'), 0, watched_wall_ms) as left_at_ms,
            - left_at_ms as negated_at_ms
        from intervals
    ),

    with_frontier as (
        select
            *,
            row_number() over in_order as interval_number,
            {# The furthest end so far and, negated so that the maximum takes the earliest, when it was reached. #}
            max((end_ms, negated_at_ms)) over (
                partition by learner_id, video_id
                order by at_ms, start_ms, statement_id, kind, repeat_number
                rows between unbounded preceding and 1 preceding
            ) as frontier
        from timed
        window
            in_order as (
                partition by learner_id, video_id
                order by at_ms, start_ms, statement_id, kind, repeat_number
            )
    ),

    final as (
        select
            *,
            countIf(
                interval_number > 1
                and at_ms + frontier.negated_at_ms
                > {{ 86400000 * var("return_horizon_days") }}
            ) over (
                partition by learner_id, video_id
                order by at_ms, start_ms, statement_id, kind, repeat_number
                rows between unbounded preceding and current row
            )
            = 0 as is_first_pass
        from with_frontier
    )

select
    view_key,
    {{ compact_key(["statement_id"]) }} as statement_key,
    statement_id,
    learner_id,
    video_id,
    course_id,
    stream_id,
    kind,
    occurred_at,
    left_at_ms,
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
from final
