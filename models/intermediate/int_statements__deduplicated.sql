{{
    config(
        materialized="touched",
        replaces="statement_key in (select statement_key from {{ ref('int_touched_statements') }}) "
        ~ "{{ or_in_refreshed_month('occurred_at') }}",
        basis=[
            "select activity_id, course_id, activity_type from {{ ref('int_catalog_items__current') }}"
        ],
        sampled_by="statement_key",
        codecs={
            "statement_id": "ZSTD(1)",
            "player_session_id": "ZSTD(1)",
            "played_segments": "ZSTD(1)",
            "duration_seconds": "ZSTD(1)",
        },
        order_by=["learner_id", "occurred_at", "statement_id"],
        partition_by="toYYYYMM(occurred_at)",
        tags=["near_real_time"],
    )
}}

{# Conditions are tried as they are written: the key of the touched few first, so that of all others nothing else is read. #}
{%- set touched_keys = (
    "(select statement_key from " ~ ref("int_touched_statements") ~ ")"
) %}
{%- set is_touched = (
    "statement_key in " ~ touched_keys
    if is_touched_build()
    else is_in_sample("statement_key")
) %}

with
    live_objects as (select load_key from {{ ref("int_object_states") }} where is_live),

    {# The key finds the few voidings; the id says whom they void. #}
    voided_statements as (
        select distinct lower(activity_id) as statement_id
        from {{ ref("stg_xapi__statements") }}
        where
            {% if is_touched_build() %} voided_statement_key in {{ touched_keys }}
            {% else %} voided_statement_key != 0
            {% endif %}
            and quarantine_reason = ''
            and load_key in (select load_key from live_objects)
    ),

    {# Of an id with several contents one counts; see there. #}
    other_contents as (
        select statement_id, line_hash
        from {{ ref("int_statements__compared") }}
        where {{ is_touched }} and not is_chosen
    ),

    {# Most statements came once. Only the copies of the other ones are put in order, not all of history. #}
    with_copies as (
        select statement_key
        from {{ ref("stg_xapi__statements") }}
        where
            {{ is_touched }}
            and load_key in (select load_key from live_objects)
            and quarantine_reason = ''
        group by statement_key
        having count() > 1
    ),

    copies as (
        select
            statement_id,
            stored_at,
            line_hash,
            source,
            load_key,
            line_number,
            (statement_id, line_hash)
            in (select statement_id, line_hash from other_contents) as is_other
        from {{ ref("stg_xapi__statements") }}
        where
            statement_key in (select statement_key from with_copies)
            and load_key in (select load_key from live_objects)
            and voided_statement_key = 0
            and quarantine_reason = ''
    ),

    ranked_copies as (
        select
            load_key,
            line_number,
            is_other,
            row_number() over (
                partition by statement_id
                order by
                    is_other,
                    stored_at is null,
                    stored_at,
                    line_hash,
                    source,
                    load_key,
                    line_number
            ) as place
        from copies
    ),

    chosen_versions as (
        select
            statement_id,
            statement_key,
            source,
            spec_version,
            learner_id,
            verb_iri,
            activity_id,
            activity_type_iri,
            activity_name,
            parent_activity_id,
            parent_activity_type_iri,
            course_id,
            occurred_at,
            timestamp_quality,
            registration_id,
            player_session_id,
            position_seconds,
            position_from_seconds,
            position_to_seconds,
            playback_rate,
            content_length_seconds,
            progress_ratio,
            played_segments,
            response,
            selected_options,
            listed_options,
            is_correct,
            is_completed,
            score_scaled,
            duration_seconds,
            attempt_number_reported,
            referrer_activity_id,
            arrival_type_reported,
            platform,
            language,
            flags
        from {{ ref("stg_xapi__statements") }}
        where
            {{ is_touched }}
            and load_key in (select load_key from live_objects)
            and voided_statement_key = 0
            and quarantine_reason = ''
            and (load_key, line_number) not in (
                select load_key, line_number
                from ranked_copies
                where is_other or place > 1
            )
            and statement_id not in (select statement_id from voided_statements)
    ),

    arrival_spellings as (
        select
            arrival_type,
            arrayJoin(
                arrayPushFront(
                    splitByString('; ', ifNull(spellings, '')), toString(arrival_type)
                )
            ) as spelling
        from {{ ref("arrival_types") }}
    ),

    named as (
        select * from {{ named_statements("(select * from chosen_versions)") }} as named
    ),

    final as (
        select
            *,
            transform(
                if(
                    verb_group = 'navigation',
                    replaceRegexpOne(arrival_type_reported, '^[0-9]+$', '#'),
                    arrival_type_reported
                ),
                (
                    select groupArray(spelling)
                    from arrival_spellings
                    where spelling != ''
                ),
                (
                    select groupArray(toString(arrival_type))
                    from arrival_spellings
                    where spelling != ''
                ),
                'unknown'
            ) as arrival_type
        from named
    )

select
    statement_id,
    statement_key,
    toLowCardinality(source) as source,
    toLowCardinality(spec_version) as spec_version,
    learner_id,
    toLowCardinality(verb) as verb,
    toLowCardinality(verb_group) as verb_group,
    toLowCardinality(verb_iri) as verb_iri,
    toLowCardinality(activity_id) as activity_id,
    toLowCardinality(activity_type) as activity_type,
    toLowCardinality(activity_type_iri) as activity_type_iri,
    toLowCardinality(activity_name) as activity_name,
    toLowCardinality(course_id) as course_id,
    toLowCardinality(parent_activity_id) as parent_activity_id,
    is_part,
    occurred_at,
    toLowCardinality(timestamp_quality) as timestamp_quality,
    player_session_id,
    registration_id,
    position_seconds,
    position_from_seconds,
    position_to_seconds,
    playback_rate,
    content_length_seconds,
    progress_ratio,
    played_segments,
    response,
    selected_options,
    listed_options,
    is_correct,
    is_completed,
    score_scaled,
    duration_seconds,
    attempt_number_reported,
    toLowCardinality(referrer_activity_id) as referrer_activity_id,
    toLowCardinality(arrival_type) as arrival_type,
    toLowCardinality(platform) as platform,
    toLowCardinality(language) as language,
    flags
from final
