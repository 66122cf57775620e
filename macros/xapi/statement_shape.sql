{#
    What is read of a statement's JSON, as types of `JSONExtract`, which reads all of it in one pass: one to read parts as
    JSON, and those of the parts. Nullable where absent and empty mean different things; what a type does not fit is
    absent, and judged by `quarantine_reason` and `statement_flags` from the part's text.
#}
{% macro statement_shape() -%}
    Tuple(
        id Nullable(String),
        actor String,
        verb String,
        object String,
        result String,
        context Tuple(
            registration String,
            platform String,
            revision String,
            language String,
            contextActivities String,
            instructor String,
            team String,
            statement String,
            contextAgents String,
            contextGroups String,
            extensions Map(String, String)
        ),
        timestamp Nullable(String),
        stored Nullable(String),
        version Nullable(String),
        authority String,
        attachments String
    )
{%- endmacro %}

{% macro object_shape() -%}
    Tuple(
        id Nullable(String),
        objectType Nullable(String),
        definition Tuple(type String, name Map(String, String))
    )
{%- endmacro %}

{% macro result_shape() -%}
    Tuple(
        success Nullable(Bool),
        completion Nullable(Bool),
        response Nullable(String),
        duration String,
        score Tuple(
            scaled Nullable(Float64),
            raw Nullable(Float64),
            min Nullable(Float64),
            max Nullable(Float64)
        ),
        extensions Map(String, String)
    )
{%- endmacro %}

{% macro context_activities_shape() -%}
    Tuple(
        parent Array({{ context_activity_shape() }}),
        grouping Array({{ context_activity_shape() }}),
        category Array({{ context_activity_shape() }})
    )
{%- endmacro %}

{% macro context_activity_shape() -%}
    Tuple(id String, definition Tuple(type String))
{%- endmacro %}

{# What the types cannot tell, from the JSON of the few lines that may have it. #}
{# Properties that are null: a typed read takes null for absent, which the specification does not. #}
{% macro null_properties(line) -%}
    arrayFlatten(
        arrayMap(
            json -> arrayMap(
                (name, value) -> name,
                arrayFilter(
                    (name, value) -> value = 'null', JSONExtractKeysAndValuesRaw(json)
                )
            ),
            {{ irregular("statement.id is null or statement.timestamp is null", line) }}
        )
    )
{%- endmacro %}

{# Parts that are a text which holds JSON, and not the JSON itself: some senders encode twice. #}
{% macro quoted_parts(line) -%}
    arrayMap(
        json -> arrayFilter(
            part -> startsWith(JSONExtractRaw(json, part), '"{'),
            ['actor', 'verb', 'object']
        ),
        {{ irregular("position(" ~ line ~ ", '\"{') > 0", line) }}
    )[1]
{%- endmacro %}

{# Whether a statement lacks what it has with other capitals, `conText` for one, so that it is not read. #}
{% macro has_miscased_property(incomplete_lines, lines_without_context) -%}
    {%- set names = "id|actor|verb|object|result|context|timestamp|stored|version|authority|attachments" -%}
    {%- set context_names = "registration|instructor|team|contextActivities|revision|platform|language|statement|extensions|contextAgents|contextGroups" -%}
    (
        arrayExists(
            json -> {{ _has_miscased_key("JSONExtractKeys(json)", names) }},
            {{ incomplete_lines }}
        )
        or arrayExists(
            json
            -> {{ _has_miscased_key("JSONExtractKeys(json, 'context')", context_names) }},
            {{ lines_without_context }}
        )
    )
{%- endmacro %}

{% macro _has_miscased_key(keys, names) -%}
    arrayExists(
        key -> match(key, '^(?i:{{ names }})$') and not match(key, '^(?:{{ names }})$'),
        {{ keys }}
    )
{%- endmacro %}

{# Whether the context is no object, which a typed read takes for none. #}
{% macro has_unreadable_context(lines_without_context) -%}
    arrayExists(
        json -> match(JSONExtractRaw(json, 'context'), '^[^{n]..'),
        {{ lines_without_context }}
    )
{%- endmacro %}

{# The lines that lack something which could stand under another name: the others are not looked at again. #}
{% macro incomplete_lines(line) -%}
    {{
        irregular(
            "statement.id is null or statement.timestamp is null or statement.result = '' or "
            ~ _lacks_context(),
            line,
        )
    }}
{%- endmacro %}

{% macro lines_without_context(line) -%}
    {{ irregular(_lacks_context(), line) }}
{%- endmacro %}

{# Nearly every context names an activity, and a registration or an extension. #}
{% macro _lacks_context() -%}
    context.contextActivities = ''
    or (context.registration = '' and empty(context.extensions))
{%- endmacro %}

{# Whether the registration is no UUID; a context that is a list has no registration. #}
{% macro has_invalid_registration(line) -%}
    arrayExists(
        json -> JSONType(json, 'context') = 'Object'
        and JSONHas(json, 'context', 'registration'),
        {{
            irregular(
                "position("
                ~ line
                ~ ", '\"registration\"') > 0 and not "
                ~ matches("context.registration", uuid_pattern()),
                line,
            )
        }}
    )
{%- endmacro %}
