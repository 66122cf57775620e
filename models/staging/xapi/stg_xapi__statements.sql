{{
    config(
        engine="MergeTree()",
        order_by=["statement_id", "object_key", "line_number"],
        tags=["near_real_time"],
        query_settings={"short_circuit_function_evaluation": "disable"},
    )
}}

{# Evaluating every branch is safe here, and picking the rows of each one first takes twice as long. #}
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
            line,
            JSONExtract(line, 'Tuple(
                    id Nullable(String),
                    actor String,
                    verb Tuple(id Nullable(String)),
                    object String,
                    result Tuple(
                        success Nullable(Bool),
                        completion Nullable(Bool),
                        response Nullable(String),
                        duration Nullable(String),
                        score Tuple(scaled Nullable(Float64)),
                        extensions Map(String, String)
                    ),
                    context Tuple(
                        registration Nullable(String),
                        platform Nullable(String),
                        language Nullable(String),
                        contextActivities Tuple(parent String, grouping String),
                        extensions Map(String, String)
                    ),
                    timestamp Nullable(String),
                    stored Nullable(String),
                    version Nullable(String)
                )') as statement,
            JSONType(line, 'id') as id_json_type,
            JSONType(line, 'verb', 'id') as verb_json_type,
            JSONType(line, 'object', 'id') as object_json_type,
            JSONType(line, 'timestamp') as timestamp_json_type
        from {{ source("raw", "event_lines") }}
        where
            (load_id, object_id) in (
                select load_id, object_id
                from {{ source("ops", "live_objects") }}
                where kind = 'events'
            )
    ),

    parsed as (
        select
            *,
            JSONExtract(statement.actor, {{ actor_type() }}) as actor,
            JSONExtract(statement.object, 'Tuple(
                    id Nullable(String),
                    objectType Nullable(String),
                    definition Tuple(type Nullable(String), name Map(String, String))
                )') as object,
            {{ context_activities("statement.context.contextActivities.parent") }}
            as parents,
            {{ context_activities("statement.context.contextActivities.grouping") }}
            as groupings,
            {{ named_extensions("statement.context.extensions") }} as context_fields,
            {{ named_extensions("statement.result.extensions") }} as result_fields,
            ifNull(statement.timestamp, ifNull(statement.stored, '')) as reported_time,
            (
                select groupArray(activity_type_iri)
                from {{ ref("activity_types") }}
                where activity_type = 'course'
            ) as course_iris
        from lines
    ),

    identified as (
        select
            *,
            {{ actor_identifiers("actor") }} as identifiers,
            {{ actor_identifier_count("actor") }} as identifier_count,
            {{ timestamp_or_null("reported_time") }} as occurred_at_or_null,
            {{ timestamp_or_null("ifNull(statement.stored, '')") }} as stored_at
        from parsed
    ),

    judged as (
        select
            *,
            multiIf(
                reject != '',
                reject,
                statement.id is not null
                and (
                    id_json_type != 'String'
                    or not match(
                        ifNull(statement.id, ''),
                        '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'
                    )
                ),
                'invalid_id',
                statement.actor in ('', 'null'),
                'missing_actor',
                identifier_count = 0,
                if(
                    actor.objectType = 'Group',
                    'anonymous_group',
                    'missing_actor_identifier'
                ),
                identifier_count > 1,
                'several_actor_identifiers',
                empty(identifiers),
                'invalid_actor_identifier',
                ifNull(statement.verb.id, '') = '',
                'missing_verb',
                verb_json_type != 'String' or not {{ is_iri("statement.verb.id") }},
                'invalid_verb',
                statement.object in ('', 'null'),
                'missing_object',
                ifNull(object.objectType, 'Activity') in ('Activity', 'StatementRef')
                and ifNull(object.id, '') = '',
                'missing_object',
                ifNull(object.objectType, 'Activity')
                not in ('Activity', 'StatementRef', 'Agent', 'Group', 'SubStatement'),
                'invalid_object',
                ifNull(object.objectType, 'Activity') = 'Activity'
                and (object_json_type != 'String' or not {{ is_iri("object.id") }}),
                'invalid_object',
                reported_time = '',
                'missing_timestamp',
                timestamp_json_type not in ('String', 'Null')
                or occurred_at_or_null is null,
                'invalid_timestamp',
                occurred_at_or_null
                > delivered_at + interval {{ var("future_tolerance_minutes") }} minute,
                'future_timestamp',
                ''
            ) as quarantine_reason
        from identified
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
            if(
                statement.id is not null,
                lower(assumeNotNull(statement.id)),
                {{
                    surrogate_key(
                        [
                            "source",
                            "identifiers[1]",
                            "statement.verb.id",
                            "object.id",
                            "reported_time",
                            "result_fields['position_seconds']",
                            "statement.result.response",
                        ]
                    )
                }}
            ) as statement_id,
            stored_at,
            ifNull(statement.version, '') as spec_version,
            if(
                quarantine_reason = '', {{ learner_key("identifiers[1]") }}, ''
            ) as learner_id,
            ifNull(statement.verb.id, '') as verb_iri,
            ifNull(object.objectType, 'Activity') as object_type,
            ifNull(object.id, '') as activity_id,
            ifNull(object.definition.type, '') as activity_type_iri,
            {{ language_map_text("object.definition.name") }} as activity_name,
            parents[1] as parent,
            ifNull(parent.id, '') as parent_activity_id,
            parent.definition.type as parent_activity_type_iri,
            if(
                has(course_iris, object.definition.type),
                ifNull(object.id, ''),
                tupleElement(
                    arrayFirst(
                        activity -> has(course_iris, activity.definition.type),
                        arrayConcat(parents, groupings)
                    ),
                    'id'
                )
            ) as course_id,
            ifNull(occurred_at_or_null, toDateTime64(0, 3, 'UTC')) as occurred_at,
            multiIf(
                statement.timestamp is null,
                'stored',
                match(reported_time, '(Z|z|[+-]\\d{2}(:?\\d{2})?)$'),
                'reported',
                'assumed_utc'
            ) as timestamp_quality,
            ifNull(statement.context.registration, '') as registration_id,
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
                extract(
                    concat(
                        context_fields['playback_rate'], result_fields['playback_rate']
                    ),
                    '^[0-9]*\\.?[0-9]+'
                )
            ) as playback_rate,
            toFloat64OrNull(
                if(
                    context_fields['content_length_seconds'] != '',
                    context_fields['content_length_seconds'],
                    result_fields['content_length_seconds']
                )
            ) as content_length_seconds,
            toFloat64OrNull(result_fields['progress_ratio']) as progress_ratio,
            result_fields['played_segments'] as played_segments,
            statement.result.response as response,
            statement.result.success as is_correct,
            statement.result.completion as is_completed,
            statement.result.score.scaled as score_scaled,
            {{ iso8601_seconds("statement.result.duration") }} as duration_seconds,
            toUInt32OrNull(
                if(
                    context_fields['attempt_number_reported'] != '',
                    context_fields['attempt_number_reported'],
                    result_fields['attempt_number_reported']
                )
            ) as attempt_number_reported,
            context_fields['referrer_activity_id'] as referrer_activity_id,
            context_fields['arrival_type'] as arrival_type_reported,
            ifNull(statement.context.platform, '') as platform,
            ifNull(statement.context.language, '') as language
        from judged
    )

select
    load_id,
    object_id,
    object_key,
    line_number,
    source,
    delivered_at,
    loaded_at,
    quarantine_reason,
    statement_id,
    stored_at,
    spec_version,
    learner_id,
    verb_iri,
    object_type,
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
    is_correct,
    is_completed,
    score_scaled,
    duration_seconds,
    attempt_number_reported,
    referrer_activity_id,
    arrival_type_reported,
    platform,
    language
from final
