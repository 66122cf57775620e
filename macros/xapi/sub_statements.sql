{# A sub-statement: a statement without id, stored, version and authority whose object is no sub-statement. #}
{% macro is_valid_sub_statement(json) -%}
    arrayExists(
        sub_statement
        -> {{
            matches(
                known_properties("sub_statement.actor", actor_properties()),
                actor_pattern(),
            )
        }}
        and {{
            matches(
                known_properties("sub_statement.verb", "['id', 'display']"),
                verb_pattern(),
            )
        }}
        and {{
            matches(
                known_activity("sub_statement.object"),
                statement_object_pattern(),
            )
        }}
        and (
            JSONHas(sub_statement.object, 'id')
            or JSONHas(sub_statement.object, 'objectType')
        )
        and (
            sub_statement.timestamp is null
            or {{ rare_timestamp_or_null("assumeNotNull(sub_statement.timestamp)") }}
            is not null
        ),
        arrayMap(
            part -> JSONExtract(
                part,
                'Tuple(actor String, verb String, object String, timestamp Nullable(String))'
            ),
            arrayFilter(
                part -> not hasAny(
                    JSONExtractKeys(part), ['id', 'stored', 'version', 'authority']
                )
                and arrayAll(
                    name -> JSONType(part, name) = 'Object', ['actor', 'verb', 'object']
                ),
                {{ json }}
            )
        )
    )
{%- endmacro %}

{#
    Whether a sub-statement has something beside who, what, to what and when that is not well-formed or unknown: its
    result, context or attachments. None of it is read.
#}
{% macro is_faulty_sub_statement(sub_statements) -%}
    arrayExists(
        (json, part) -> arrayExists(
            key -> not has({{ sub_statement_properties() }}, key), JSONExtractKeys(json)
        )
        or (
            part.result != ''
            and not {{ matches("part.result", plain_result_pattern()) }}
            and notEmpty({{ unusable_result_properties("[part.result]") }})
        )
        or {{ is_invalid_context("part.context") }}
        or (
            part.context.contextActivities != ''
            and
            not {{ are_valid_context_activities("[part.context.contextActivities]") }}
        )
        or (
            part.attachments != ''
            and not {{ are_valid_attachments("[part.attachments]") }}
        ),
        {{ sub_statements }},
        arrayMap(
            json -> JSONExtract(json, '{{ statement_shape() }}'), {{ sub_statements }}
        )
    )
{%- endmacro %}

{% macro sub_statement_properties() -%}
    [
        'objectType',
        'actor',
        'verb',
        'object',
        'result',
        'context',
        'timestamp',
        'attachments'
    ]
{%- endmacro %}
