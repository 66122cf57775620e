{{
    config(
        order_by=["view_key"],
        tags=["near_real_time", "touched_set"],
    )
}}

{#
    Beside the learner's own statements on the video two things decide about a view: where the learner was next, which
    bounds an interval whose end is unknown, and the video's length, which is the one that most statements report.
#}
{%- set intervals_before = table_before("int_watch_intervals__classified") %}

with
    points as (
        select learner_id, activity_id, occurred_at from {{ ref("int_touched_points") }}
    ),

    {# Touched statements that report a length: each may have been counted, or be counted now. #}
    touched_reports as (
        select activity_id as video_id, uniqExact(statement_key) as touched_count
        from {{ ref("stg_xapi__statements") }}
        where
            statement_key
            in (select statement_key from {{ ref("int_touched_statements") }})
            and quarantine_reason = ''
            and content_length_seconds > 0
            and content_length_seconds < 1000000
        group by activity_id
    ),

    lengths as (
        select video_id, report_count, runner_up_count
        from {{ ref("int_video_lengths") }}
    ),

    {# The length was and is the same where its lead is larger than all touched reports can have made it. #}
    unsteady_videos as (
        select touched_reports.video_id as video_id
        from touched_reports
        left join lengths on touched_reports.video_id = lengths.video_id
        where
            lengths.report_count
            <= lengths.runner_up_count + 2 * touched_reports.touched_count
    ),

    views_of_unsteady_videos as (
        select learner_id, activity_id as video_id
        from {{ ref("int_statements__deduplicated") }}
        where
            activity_type = 'video'
            and activity_id in (select video_id from unsteady_videos)
    ),

    {% if intervals_before %}
        unended_intervals as (
            select learner_id, video_id, occurred_at, remaining_wall_ms
            from {{ intervals_before }}
            where
                learner_id in (select learner_id from points)
                and kind = 'censored'
                and length_ms > 0
        ),

        {# The bound depends on what the learner did before the video would have ended, and on nothing later. #}
        views_bounded_anew as (
            select
                unended_intervals.learner_id as learner_id,
                unended_intervals.video_id as video_id
            from unended_intervals
            asof join
                points
                on unended_intervals.learner_id = points.learner_id
                and unended_intervals.occurred_at < points.occurred_at
            where
                dateDiff(
                    'millisecond', unended_intervals.occurred_at, points.occurred_at
                )
                <= unended_intervals.remaining_wall_ms + 1000
        ),
    {% endif %}

    final as (
        select learner_id, activity_id as video_id
        from points
        union distinct
        select learner_id, video_id
        from views_of_unsteady_videos
        {% if intervals_before %}
            union distinct
            select learner_id, video_id
            from views_bounded_anew
        {% endif %}
    )

select {{ compact_key(["learner_id", "video_id"]) }} as view_key, learner_id, video_id
from final
