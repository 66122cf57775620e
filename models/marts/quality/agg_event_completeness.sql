{{
    config(
        order_by=["source", "platform", "family", "verb", "field", "activity_date"],
        tags=["nightly"],
    )
}}

{# Field of the contract → when the marts know it of an event. #}
{% set is_known = {
    "statement_id": "length(statement_id) = 36",
    "timestamp_quality": "timestamp_quality = 'reported'",
    "activity_type_iri": "activity_type != 'other'",
    "activity_name": "is_titled",
    "course_id": "course_id != ''",
    "platform": "platform != ''",
    "position_seconds": "position_seconds is not null",
    "position_from_seconds": "position_from_seconds is not null",
    "position_to_seconds": "position_to_seconds is not null",
    "content_length_seconds": "content_length_seconds > 0",
    "player_session_id": "player_session_id != ''",
    "playback_rate": "playback_rate > 0",
    "played_segments": "played_segments != ''",
    "progress_ratio": "progress_ratio is not null",
    "response": "has_response",
    "is_correct": "is_correct is not null",
    "is_completed": "is_completed is not null",
    "score_scaled": "score_scaled is not null",
    "duration_seconds": "duration_seconds is not null",
    "attempt_number_reported": "attempt_number_reported is not null",
    "parent_activity_id": "parent_activity_id != ''",
    "arrival_type_reported": "arrival_type != 'unknown'",
    "referrer_activity_id": "referrer_activity_id != ''",
    "registration_id": "registration_id != ''",
} %}

with
    events as (
        select
            statement_id,
            source,
            if(platform = '', 'unknown', platform) as named_platform,
            verb,
            activity_id,
            activity_type,
            course_id,
            occurred_date,
            timestamp_quality,
            platform,
            position_seconds,
            position_from_seconds,
            position_to_seconds,
            content_length_seconds,
            player_session_id,
            playback_rate,
            played_segments,
            progress_ratio,
            has_response,
            is_correct,
            is_completed,
            score_scaled,
            duration_seconds,
            attempt_number_reported,
            parent_activity_id,
            arrival_type,
            referrer_activity_id,
            registration_id
        from {{ ref("fct_learning_events") }}
    ),

    titled as (
        select activity_id
        from {{ ref("dim_activities") }}
        where title != activity_id or is_named_by_learners
    ),

    requirements as (
        select family, verb as of_verb, object_type, field as of_field
        from {{ ref("dim_event_fields") }}
        where field != ''
    ),

    counted as (
        select
            source,
            named_platform,
            verb,
            activity_type = 'video' as is_on_video,
            occurred_date,
            count() as event_count,
            [
                {%- for condition in is_known.values() %}
                    countIf({{ condition }}) {%- if not loop.last %}, {% endif -%}
                {%- endfor %}
            ] as known_counts
        from
            (
                select *, activity_id in (select activity_id from titled) as is_titled
                from events
            )
        group by source, named_platform, verb, is_on_video, occurred_date
    ),

    by_field as (
        select
            source,
            named_platform,
            verb,
            is_on_video,
            occurred_date,
            event_count,
            field,
            field_count
        from counted
        array join {{ is_known | list }} as field, known_counts as field_count
    ),

    expected as (
        select
            by_field.source as source,
            by_field.named_platform as named_platform,
            requirements.family as family,
            by_field.verb as verb,
            by_field.occurred_date as occurred_date,
            by_field.field as field,
            by_field.event_count as event_count,
            by_field.field_count as field_count
        from by_field
        inner join requirements on by_field.field = requirements.of_field
        where
            requirements.of_verb in ('*', by_field.verb)
            and (
                requirements.object_type = ''
                or (requirements.object_type = 'video') = by_field.is_on_video
            )
    ),

    summed as (
        select
            source,
            toLowCardinality(named_platform) as platform,
            toLowCardinality(family) as family,
            verb,
            toLowCardinality(field) as field,
            occurred_date as activity_date,
            sum(event_count) as expected_count,
            sum(field_count) as present_count
        from expected
        group by source, platform, family, verb, field, activity_date
    ),

    final as (
        select
            *,
            {{
                ratio_with_interval(
                    "completeness_ratio", "present_count", "expected_count"
                )
            }},
            toBool({{ is_suppressed("expected_count") }}) as is_suppressed
        from summed
    )

select *
from final
