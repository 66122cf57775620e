{#
    Why a line is refused, of the columns of stg_xapi__statements: the first reason that holds, in the order in which one
    reads a statement; empty if none. The seed quarantine_reasons says what each means.
#}
{% macro quarantine_reason() -%}
    multiIf(
        reject != '',
        reject,
        has(null_properties, 'id')
        or (
            statement.id is not null
            and not {{ matches("ifNull(statement.id, '')", uuid_pattern()) }}
        ),
        'invalid_id',
        statement.actor = '',
        'missing_actor',
        has(quoted_parts, 'actor'),
        'invalid_actor',
        actor_fault != '',
        actor_fault,
        has(quoted_parts, 'verb'),
        'invalid_verb',
        verb_iri = '' and (statement.verb = '' or startsWith(statement.verb, '{')),
        'missing_verb',
        not is_verb,
        'invalid_verb',
        has(quoted_parts, 'object'),
        'invalid_object',
        statement.object = ''
        or (
            activity_id = ''
            and object_type in ('Activity', 'GroupActivity', 'StatementRef')
            and startsWith(statement.object, '{')
        ),
        'missing_object',
        not is_object
        or (object_type != 'StatementRef' and has(voiding_iris, verb_iri)),
        'invalid_object',
        has(null_properties, 'timestamp')
        or (statement.timestamp is null and has(null_properties, 'stored')),
        'invalid_timestamp',
        statement.timestamp is null and statement.stored is null,
        'missing_timestamp',
        occurred_at_or_null is null
        or (
            startsWith(spec_version, '2.')
            and not {{ matches("reported_time", rfc3339_pattern()) }}
        ),
        'invalid_timestamp',
        occurred_at_or_null
        > delivered_at + interval {{ var("future_tolerance_minutes") }} minute,
        'future_timestamp',
        has_invalid_registration,
        'invalid_registration',
        statement.version is not null
        and not match(spec_version, '^(?:1[.]0|2[.]0)(?:[.]|$)'),
        'unsupported_version',
        ''
    )
{%- endmacro %}
