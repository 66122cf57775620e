{{
    config(
        materialized="touched",
        replaces="{{ compact_key(['learner_id', 'video_id']) }} "
        ~ "in (select view_key from {{ ref('int_touched_views') }}) or {{ is_outdated_video_view() }}",
        sampled_by="learner_id",
        codecs={"learner_id": "ZSTD(1)"},
        partition_by="toYYYYMM(first_watched_at)",
        order_by=["video_id", "learner_id"],
        tags=["near_real_time"],
    )
}}

{%- set touched_views = ref("int_touched_views") %}
{%- set learner_courses = ref("int_learner_courses") %}
{%- set seek_ms -%}
    ({{ plausible_position_ms("position_to_seconds") }}
    - {{ plausible_position_ms("position_from_seconds") }})
{%- endset %}

with
    {% if is_touched_build() %}
        {# Nothing about these changed but what is beside their own statements. #}
        outdated_views as (
            select
                {{ compact_key(["learner_id", "video_id"]) }} as view_key,
                learner_id,
                video_id,
                play_count,
                seek_forward_count,
                seek_back_count,
                is_completed_reported
            from {{ this }}
            where
                {{ is_outdated_video_view() }}
                and view_key not in (select view_key from {{ touched_views }})
        ),
    {% endif %}

    intervals as (
        select
            learner_id,
            video_id,
            course_id,
            stream_id,
            statement_id,
            occurred_at,
            left_at_ms,
            - left_at_ms as minus_left_at_ms,
            length_ms,
            start_ms,
            end_ms,
            end_high_ms,
            watched_wall_ms,
            is_first_pass
        from {{ ref("int_watch_intervals__sequenced") }}
        {% if is_touched_build() %}
            where
                view_key in (
                    select view_key
                    from {{ touched_views }}
                    union all
                    select view_key
                    from outdated_views
                )
        {% else %} where {{ is_in_batch("learner_id", 4) }}
        {% endif %}
    ),

    measured as (
        select
            learner_id,
            video_id,
            argMax(course_id, (occurred_at, statement_id, start_ms)) as course_id,
            max(length_ms) as length_ms,
            sum(end_ms - start_ms) as watched_ms,
            toInt64(intervalLengthSum(start_ms, end_ms)) as unique_ms,
            toInt64(intervalLengthSum(start_ms, end_high_ms)) as unique_high_ms,
            max(end_ms) as furthest_ms,
            sum(watched_wall_ms) as watched_wall_ms,
            maxIf((end_ms, minus_left_at_ms), is_first_pass) as first_pass_exit,
            maxIf(end_high_ms, is_first_pass) as first_pass_exit_high_ms,
            uniqExact(stream_id) as stream_count,
            min(occurred_at) as first_watched_at,
            max(left_at_ms) as last_left_at_ms
        from intervals
        group by learner_id, video_id
    ),

    statements as (
        select
            learner_id,
            activity_id as video_id,
            countIf(verb = 'played') as play_count,
            countIf(verb = 'seeked' and {{ seek_ms }} > 0) as seek_forward_count,
            countIf(verb = 'seeked' and {{ seek_ms }} < 0) as seek_back_count,
            countIf(verb = 'completed') > 0 as is_completed_reported
        from {{ ref("int_statements__deduplicated") }}
        where
            {% if is_touched_build() %}
                learner_id in (select learner_id from {{ touched_views }})
                and {{ is_in_time_of(touched_views, learner_courses) }}
                and activity_type = 'video'
                and {{ compact_key(["learner_id", "activity_id"]) }}
                in (select view_key from {{ touched_views }})
            {% else %} {{ is_in_batch("learner_id", 4) }} and activity_type = 'video'
            {% endif %}
        group by learner_id, video_id
        {% if is_touched_build() %}
            union all
            select
                learner_id,
                video_id,
                play_count,
                seek_forward_count,
                seek_back_count,
                is_completed_reported
            from outdated_views
        {% endif %}
    ),

    lengths as (
        select video_id, has_length_conflict from {{ ref("int_video_lengths") }}
    ),

    activities as (select activity_id, module_id from {{ ref("dim_activities") }}),

    watermark as (
        select toUnixTimestamp64Milli(complete_through_at) as complete_through_ms
        from {{ ref("int_watermarks") }}
        where source = 'all'
    ),

    judged as (
        select
            measured.*,
            first_pass_exit.end_ms as first_pass_exit_ms,
            - first_pass_exit.minus_left_at_ms as first_pass_left_at_ms,
            if(length_ms > 0, unique_ms / length_ms, null) as coverage_ratio,
            if(length_ms > 0, unique_high_ms / length_ms, null) as coverage_ratio_high,
            first_pass_exit_ms
            >= length_ms - {{ 1000 * var("video_completion_tail_seconds") }}
            and first_pass_exit_ms
            >= {{ var("video_completion_ratio") }} * length_ms as is_end_reached,
            ifNull(
                coverage_ratio_high < {{ var("completion_watched_min_ratio") }}, false
            ) as is_unwatched,
            length_ms > 0
            and not is_unwatched
            and (
                unique_ms / length_ms >= {{ var("video_completion_ratio") }}
                or is_end_reached
            ) as is_completed,
            multiIf(
                is_completed,
                'completed',
                is_unwatched and is_end_reached,
                'skipped',
                first_pass_left_at_ms + {{ 86400000 * var("return_horizon_days") }}
                > watermark.complete_through_ms,
                'open',
                first_pass_exit_high_ms - first_pass_exit_ms
                > {{ 1000 * var("reach_tolerance_seconds") }},
                'unknown',
                'dropped'
            ) as exit_kind
        from measured
        cross join watermark
    ),

    final as (
        select
            judged.learner_id as learner_id,
            judged.video_id as video_id,
            judged.course_id as course_id,
            activities.module_id as module_id,
            {{ seconds("judged.watched_ms") }} as watched_seconds,
            {{ seconds("judged.unique_ms") }} as unique_seconds,
            {{ seconds("judged.watched_ms - judged.unique_ms") }} as rewatched_seconds,
            if(
                judged.length_ms > 0, {{ seconds("judged.length_ms") }}, null
            ) as length_seconds,
            toBool(lengths.has_length_conflict) as has_length_conflict,
            judged.coverage_ratio as coverage_ratio,
            judged.coverage_ratio_high as coverage_ratio_high,
            {{ seconds("judged.furthest_ms") }} as furthest_seconds,
            judged.watched_ms / nullIf(judged.watched_wall_ms, 0) as average_rate,
            {{ seconds("judged.first_pass_exit_ms") }} as first_pass_exit_seconds,
            {{ seconds("judged.first_pass_exit_high_ms") }}
            as first_pass_exit_seconds_high,
            fromUnixTimestamp64Milli(
                judged.first_pass_left_at_ms, 'UTC'
            ) as first_pass_left_at,
            statements.seek_forward_count as seek_forward_count,
            statements.seek_back_count as seek_back_count,
            {{ seconds("judged.furthest_ms - judged.unique_ms") }} as skipped_seconds,
            toLowCardinality(judged.exit_kind) as exit_kind,
            toBool(judged.is_completed) as is_completed,
            toBool(statements.is_completed_reported) as is_completed_reported,
            toBool(
                judged.is_unwatched
                and (judged.is_end_reached or statements.is_completed_reported)
            ) as is_completed_unwatched,
            statements.play_count as play_count,
            judged.stream_count as stream_count,
            judged.first_watched_at as first_watched_at,
            fromUnixTimestamp64Milli(judged.last_left_at_ms, 'UTC') as last_watched_at
        from judged
        left join statements using (learner_id, video_id)
        left join lengths on judged.video_id = lengths.video_id
        left join activities on judged.video_id = activities.activity_id
    )

select *
from final
