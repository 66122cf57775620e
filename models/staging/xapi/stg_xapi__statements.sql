{{
    config(
        materialized="touched",
        replaces="load_key not in (select load_key from {{ ref('int_object_states') }}) and "
        ~ "(select countIf(load_key not in (select load_key from {{ ref('int_object_states') }})) * 10 > count() "
        ~ "from {{ this }})",
        has_new="select 1 from {{ ref('int_object_states') }} where is_live and is_touched limit 1",
        basis=[
            "select argMax(value, set_at) from {{ source('ops', 'keys') }} where name = 'learner_id_key'"
        ],
        sampled_by="load_key",
        sampled_among="load_key in (select load_key from {{ ref('int_object_states') }} where is_live)",
        codecs={
            "line_number": "ZSTD(1)",
            "statement_id": "ZSTD(1)",
            "stored_at": "ZSTD(1)",
            "learner_id": "ZSTD(1)",
            "occurred_at": "ZSTD(1)",
            "registration_id": "ZSTD(1)",
            "player_session_id": "ZSTD(1)",
            "position_seconds": "ZSTD(1)",
            "content_length_seconds": "ZSTD(1)",
            "played_segments": "ZSTD(1)",
            "duration_seconds": "ZSTD(1)",
        },
        order_by=["object_key", "load_key", "line_number"],
        partition_by="toYYYYMM(loaded_at)",
        tags=["near_real_time"],
        query_settings={
            "short_circuit_function_evaluation": "disable",
            "preferred_block_size_bytes": 33554432,
            "min_insert_block_size_bytes": 134217728,
            "query_plan_merge_expressions": 0,
        },
    )
}}

{#
    Evaluating every branch is safe here, and picking the rows of each one first takes twice as long. Instead, what
    nearly every statement is gets decided by one match per part (`is_plain_…`), and the others are set apart in lists of
    none or one text (`irregular`), over which the expensive functions run. Blocks of 32 MiB instead of 1: so many functions cost
    2 µs a line with 8,000 lines in a block, 0.7 µs with 24,000. Written in blocks of 128 MiB, a query of two threads
    stays at 1.2 GB; of 256 MiB it met the limit of 1.4 GB. To merge the steps of so long a query takes the engine 0.2 CPU
    seconds of the 0.55 that it plans for, and the lines cost the same without.
#}
{#
    A line is parsed once: what becomes live is added. What is dead and consumed goes when it makes up a tenth of the
    table, for it goes by month of loading, and exporters that send the file of the day again each hour would have the
    month written each hour. Readers take the objects that `int_object_states` calls live. Ordered by the key of the
    lake, which begins with source and day: an object is one range of rows, and neighbours are of the same month.
#}
with
    lines as (
        select
            load_id,
            object_id,
            object_key,
            line_number,
            source,
            delivered_at,
            loaded_at,
            reject,
            xxh3(line) as line_hash,
            JSONExtract(line, '{{ statement_shape() }}') as statement,
            statement.context as context,
            {{ null_properties("line") }} as null_properties,
            {{ quoted_parts("line") }} as quoted_parts,
            {{ has_invalid_registration("line") }} as has_invalid_registration,
            {{ incomplete_lines("line") }} as incomplete_lines,
            {{ lines_without_context("line") }} as lines_without_context
        from {{ source("raw", "event_lines") }}
        where
            (load_id, object_id) in (
                select load_id, object_id
                from {{ ref("int_object_states") }}
                where
                    is_live
                    {% if is_touched_build() %}
                        and load_key not in (select load_key from {{ this }})
                    {% endif %}
            )
    ),

    parsed as (
        select
            *,
            toLowCardinality(statement.actor) as actor_json,
            toLowCardinality(statement.verb) as verb_json,
            toLowCardinality(statement.object) as object_json,
            toLowCardinality(context.contextActivities) as context_activities_json,
            toLowCardinality(statement.authority) as authority_json,
            JSONExtract(statement.object, '{{ object_shape() }}') as object,
            JSONExtract(statement.result, '{{ result_shape() }}') as result,
            JSONExtract(
                context.contextActivities, '{{ context_activities_shape() }}'
            ) as context_activities,
            ifNull(statement.timestamp, ifNull(statement.stored, '')) as reported_time,
            ifNull(statement.version, '') as spec_version,
            {{ without_search_words(same_iri("ifNull(object.id, '')")) }}
            as activity_id,
            ifNull(object.objectType, 'Activity') as object_type
        from lines
    ),

    compared as (
        select
            *,
            {{ matches("actor_json", agent_pattern()) }}
            and not {{ has_capital_host("actor_json") }} as is_plain_actor,
            {{ matches("verb_json", verb_pattern()) }} as is_plain_verb,
            {{ matches("object_json", statement_object_pattern()) }} as is_plain_object,
            statement.result = ''
            or {{ matches("statement.result", plain_result_pattern()) }}
            as is_plain_result,
            context.contextActivities = ''
            or {{ matches("context_activities_json", context_activities_pattern()) }}
            as is_plain_context_activities,
            {{ has_option_signs("result.response") }} as has_option_signs
        from parsed
    ),

    irregular_parts as (
        select
            *,
            {{ irregular("not is_plain_actor", "statement.actor") }}
            as irregular_actors,
            {{ irregular("not is_plain_verb", "statement.verb") }} as irregular_verbs,
            {{
                irregular(
                    "not is_plain_object and object_type != 'SubStatement'",
                    "statement.object",
                )
            }} as irregular_objects,
            {{ irregular("object_type = 'SubStatement'", "statement.object") }}
            as sub_statements,
            {{ irregular("not is_plain_result", "statement.result") }}
            as irregular_results,
            {{
                irregular(
                    "not is_plain_context_activities", "context.contextActivities"
                )
            }} as irregular_context_activities,
            {{ irregular("has_option_signs", "ifNull(result.response, '')") }}
            as irregular_answers,
            {{ irregular("has_option_signs", "statement.object") }}
            as irregular_answered_items,
            {{ irregular("ifNull(result.response, '') != ''", "statement.object") }}
            as irregular_items_with_response,
            {{
                irregular(
                    "match(context_activities_json, '\"(?:parent|grouping|category)\":[{]')",
                    "context.contextActivities",
                )
            }}
            as single_context_activities
        from compared
    ),

    examined as (
        select
            *,
            {{ actor_fault("irregular_actors") }} as actor_fault,
            toLowCardinality(
                {{ identity("is_plain_actor", "actor_json", "irregular_actors") }}
            ) as identity,
            {{ verb_id("is_plain_verb", "verb_json", "irregular_verbs") }} as verb_iri,
            is_plain_verb or {{ is_valid_verb("irregular_verbs") }} as is_verb,
            is_plain_object
            or {{ is_valid_object("irregular_objects") }}
            or {{ is_valid_sub_statement("sub_statements") }} as is_object,
            {{ has_unknown_property("irregular_actors", actor_properties()) }}
            or {{ has_unknown_property("irregular_verbs", "['id', 'display']") }}
            or {{ has_unknown_property("irregular_objects", object_properties()) }}
            as has_unknown_property,
            {{ unusable_result_properties("irregular_results") }} as unusable_in_result,
            {{ named_extensions("context.extensions") }} as context_fields,
            {{ named_extensions("result.extensions") }} as result_fields,
            {{ object_fields("irregular_objects") }} as object_fields,
            {{
                context_activities(
                    "context_activities.parent", "single_context_activities", "parent"
                )
            }} as parents,
            {{
                context_activities(
                    "context_activities.grouping",
                    "single_context_activities",
                    "grouping",
                )
            }} as groupings,
            {{
                context_activities(
                    "context_activities.category",
                    "single_context_activities",
                    "category",
                )
            }} as categories,
            {{ timestamp_or_null("reported_time") }} as occurred_at_or_null,
            {{ timestamp_or_null("ifNull(statement.stored, '')") }} as stored_at,
            (
                select groupArray(activity_type_iri)
                from {{ ref("activity_types") }}
                where activity_type = 'course'
            ) as course_iris,
            (
                select groupArray(activity_type_iri)
                from {{ ref("activity_types") }}
                where activity_type = 'attempt'
            ) as attempt_iris,
            (
                select groupArray(verb_iri)
                from {{ ref("xapi_verbs") }}
                where verb = 'voided'
            ) as voiding_iris
        from irregular_parts
    ),

    judged as (select *, {{ quarantine_reason() }} as quarantine_reason from examined),

    flagged as (
        select
            *,
            {# 0 of an absent part compares as false. #}
            ifNull(abs(result.score.scaled) > 1, false) as is_scaled_out_of_range,
            ifNull(result.score.raw > result.score.max, false)
            or ifNull(result.score.raw < result.score.min, false)
            or ifNull(
                result.score.min > result.score.max, false
            ) as is_raw_out_of_range,
            {{ statement_flags() }} as flags
        from judged
    ),

    final as (
        select
            load_id,
            object_id,
            object_key,
            line_number,
            source,
            delivered_at,
            loaded_at,
            quarantine_reason,
            flags,
            line_hash,
            if(
                statement.id is not null,
                lower(assumeNotNull(statement.id)),
                {{
                    content_id(
                        "statement.id is null",
                        [
                            "source",
                            learner_key("identity"),
                            "verb_iri",
                            "activity_id",
                            "reported_time",
                            "result_fields['position_seconds']",
                            "ifNull(result.response, '')",
                        ],
                    )
                }}
            ) as statement_id,
            stored_at,
            spec_version,
            if(quarantine_reason = '', {{ learner_key("identity") }}, '') as learner_id,
            verb_iri,
            if(object_type = 'GroupActivity', 'Activity', object_type) as object_type,
            activity_id,
            object.definition.type as activity_type_iri,
            {{ language_map_text("object.definition.name") }} as activity_name,
            {{ compact_key(["load_id", "object_id"]) }} as load_key,
            {{ compact_key(["statement_id"]) }} as statement_key,
            if(
                object_type = 'StatementRef' and has(voiding_iris, verb_iri),
                {{ compact_key(["lower(activity_id)"]) }},
                0
            ) as voided_statement_key,
            {{ first_place("parents", "attempt_iris") }} as parent,
            {{ same_iri("ifNull(parent.id, '')") }} as parent_activity_id,
            parent.definition.type as parent_activity_type_iri,
            if(
                has(course_iris, object.definition.type),
                activity_id,
                {{
                    same_iri(
                        first_course(
                            "arrayConcat(parents, groupings, categories)",
                            "course_iris",
                        )
                    )
                }}
            ) as course_id,
            ifNull(occurred_at_or_null, toDateTime64(0, 3, 'UTC')) as occurred_at,
            multiIf(
                statement.timestamp is null,
                'stored',
                match(reported_time, '(?:[Zz]|[Tt ].*[+-][0-9]{2}(?::?[0-9]{2})?)$'),
                'reported',
                'assumed_utc'
            ) as timestamp_quality,
            context.registration as registration_id,
            if(
                context_fields['player_session_id'] != '',
                context_fields['player_session_id'],
                context_fields['cmi5_session_id']
            ) as player_session_id,
            toFloat64OrNull(result_fields['position_seconds']) as position_seconds,
            toFloat64OrNull(
                result_fields['position_from_seconds']
            ) as position_from_seconds,
            toFloat64OrNull(
                result_fields['position_to_seconds']
            ) as position_to_seconds,
            toFloat64OrNull(
                extract({{ field_of_either("playback_rate") }}, '^[0-9]*\\.?[0-9]+')
            ) as playback_rate,
            toFloat64OrNull(
                {{ field_of_either("content_length_seconds") }}
            ) as content_length_seconds,
            ifNull(
                toFloat64OrNull(result_fields['progress_ratio']),
                toFloat64OrNull(result_fields['progress_percent']) / 100
            ) as progress_ratio,
            if(
                match(result_fields['played_segments'], '^[0-9.,\\[\\] -]*$'),
                result_fields['played_segments'],
                ''
            ) as played_segments,
            if({{ is_unusable_result("response") }}, null, result.response) as response,
            if(
                {{ is_unusable_result("response") }},
                [],
                {{
                    selected_options(
                        "result.response",
                        "irregular_answers",
                        "irregular_answered_items",
                    )
                }}
            ) as selected_options,
            {{ listed_options("selected_options", "irregular_items_with_response") }}
            as listed_options,
            if({{ is_unusable_result("success") }}, null, result.success) as is_correct,
            if(
                {{ is_unusable_result("completion") }}, null, result.completion
            ) as is_completed,
            if(
                is_scaled_out_of_range or {{ is_unusable_result("score") }},
                null,
                result.score.scaled
            ) as score_scaled,
            {{ iso8601_seconds("result.duration") }} as duration_seconds,
            ifNull(
                toUInt32OrNull({{ field_of_either("attempt_number_reported") }}),
                toUInt32OrNull(object_fields['attempt_number_reported'])
            ) as attempt_number_reported,
            {{
                without_search_words(
                    same_iri("context_fields['referrer_activity_id']")
                )
            }} as referrer_activity_id,
            context_fields['arrival_type'] as arrival_type_reported,
            context.platform as platform,
            if(has(flags, 'invalid_language'), '', context.language) as language
        from flagged
    )

select
    load_key,
    load_id,
    object_id,
    object_key,
    line_number,
    toLowCardinality(source) as source,
    delivered_at,
    loaded_at,
    toLowCardinality(quarantine_reason) as quarantine_reason,
    flags,
    line_hash,
    statement_id,
    statement_key,
    voided_statement_key,
    stored_at,
    toLowCardinality(spec_version) as spec_version,
    learner_id,
    toLowCardinality(verb_iri) as verb_iri,
    toLowCardinality(object_type) as object_type,
    toLowCardinality(activity_id) as activity_id,
    toLowCardinality(activity_type_iri) as activity_type_iri,
    toLowCardinality(activity_name) as activity_name,
    toLowCardinality(parent_activity_id) as parent_activity_id,
    toLowCardinality(parent_activity_type_iri) as parent_activity_type_iri,
    toLowCardinality(course_id) as course_id,
    occurred_at,
    toLowCardinality(timestamp_quality) as timestamp_quality,
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
    toLowCardinality(referrer_activity_id) as referrer_activity_id,
    toLowCardinality(arrival_type_reported) as arrival_type_reported,
    toLowCardinality(platform) as platform,
    toLowCardinality(language) as language
from final
