{{
    config(
        materialized="touched",
        replaces="learner_id in (select learner_id from {{ ref('int_touched_timeline') }}) "
        ~ "and statement_id in (select statement_id from {{ ref('int_touched_timeline') }}) "
        ~ "and toYYYYMM(occurred_at) in (select toYYYYMM(occurred_at) from {{ ref('int_touched_timeline') }})",
        sampled_by="learner_id",
        codecs={
            "statement_id": "ZSTD(1)",
            "session_id": "ZSTD(1)",
            "occurred_at": "ZSTD(1)",
            "player_session_id": "ZSTD(1)",
            "played_segments": "ZSTD(1)",
            "duration_seconds": "ZSTD(1)",
            "active_seconds_low": "ZSTD(1)",
            "active_seconds_high": "ZSTD(1)",
        },
        order_by=["learner_id", "occurred_at", "statement_id"],
        partition_by="toYYYYMM(occurred_at)",
        tags=["near_real_time"],
        query_settings={
            "join_algorithm": "full_sorting_merge",
        },
    )
}}

{# Both sides lie in the order of the join: merged, three million rows took 250 MB, hashed by id over 600. #}
{%- set timeline = ref("int_touched_timeline") %}
{%- set is_of_this_build %}
    {% if is_touched_build() %}
        {{ is_in_timeline(timeline) }}
    {% else %}
        {{ is_in_batch("learner_id") }}
        and {{ is_in_month_of(ref("int_statements__deduplicated")) }}
    {% endif %}
{% endset %}

with
    statements as (
        select
            statement_id,
            source,
            spec_version,
            learner_id,
            verb,
            verb_group,
            verb_iri,
            activity_id,
            activity_type,
            activity_type_iri,
            course_id,
            parent_activity_id,
            is_part,
            occurred_at,
            timestamp_quality,
            player_session_id,
            registration_id,
            position_seconds,
            position_from_seconds,
            position_to_seconds,
            playback_rate,
            content_length_seconds,
            progress_ratio,
            played_segments,
            ifNull(response, '') != '' as has_response,
            is_correct,
            is_completed,
            score_scaled,
            duration_seconds,
            attempt_number_reported,
            referrer_activity_id,
            arrival_type,
            platform,
            language,
            flags
        from {{ ref("int_statements__deduplicated") }}
        where {{ is_of_this_build }}
    ),

    sessionized as (
        select
            statement_id,
            learner_id,
            occurred_at,
            session_id,
            active_seconds_low,
            active_seconds_high
        from {{ ref("int_statements__sessionized") }}
        where {{ is_of_this_build }}
    ),

    final as (
        select
            statements.statement_id as statement_id,
            source,
            spec_version,
            statements.learner_id as learner_id,
            sessionized.session_id as session_id,
            verb,
            verb_group,
            verb_iri,
            activity_id,
            activity_type,
            activity_type_iri,
            course_id,
            parent_activity_id,
            toBool(is_part) as is_part,
            statements.occurred_at as occurred_at,
            toDate(statements.occurred_at) as occurred_date,
            timestamp_quality,
            player_session_id,
            registration_id,
            position_seconds,
            position_from_seconds,
            position_to_seconds,
            playback_rate,
            content_length_seconds,
            progress_ratio,
            played_segments,
            toBool(has_response) as has_response,
            is_correct,
            is_completed,
            score_scaled,
            duration_seconds,
            attempt_number_reported,
            referrer_activity_id,
            arrival_type,
            platform,
            language,
            flags,
            sessionized.active_seconds_low as active_seconds_low,
            sessionized.active_seconds_high as active_seconds_high
        from statements
        inner join
            sessionized
            on statements.learner_id = sessionized.learner_id
            and statements.occurred_at = sessionized.occurred_at
            and statements.statement_id = sessionized.statement_id
    )

select *
from final
