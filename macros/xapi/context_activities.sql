{#
    Context activities as Array(Tuple(id, definition Tuple(type))) from their raw JSON: the specification allows one
    object (1.0.0 senders) where it asks for a list.
#}
{% macro context_activities(raw_json) -%}
    JSONExtract(
        if(
            startsWith({{ raw_json }}, '{'),
            concat('[', {{ raw_json }}, ']'),
            {{ raw_json }}
        ),
        'Array(Tuple(id String, definition Tuple(type String)))'
    )
{%- endmacro %}

{# One text of a language map, whichever order its keys came in: US English, English, else the first language by name. #}
{% macro language_map_text(language_map) -%}
    multiIf(
        mapContains({{ language_map }}, 'en-US'),
        {{ language_map }} ['en-US'],
        mapContains({{ language_map }}, 'en'),
        {{ language_map }} ['en'],
        {{ language_map }} [arraySort(mapKeys({{ language_map }}))[1]]
    )
{%- endmacro %}

{# An absolute IRI as far as a warehouse must know: a scheme, a colon, something, no blank. #}
{% macro is_iri(text) -%}
    match(ifNull({{ text }}, ''), '^[a-zA-Z][a-zA-Z0-9+.-]*:\\S+$')
{%- endmacro %}

{#
    An RFC 3339 timestamp as Nullable(DateTime64(3, 'UTC')); NULL when it is none. Without a zone it is read as UTC
    (`timestamp_quality` says so); an offset of -00:00 is refused by xAPI 1.0.3 §4.1.
#}
{% macro timestamp_or_null(text) -%}
    if(
        match(
            {{ text }},
            '^\\d{4}-\\d{2}-\\d{2}[Tt ]\\d{2}:\\d{2}(:\\d{2}([.,]\\d+)?)?(Z|z|[+-]\\d{2}(:?\\d{2})?)?$'
        )
        and not match({{ text }}, '-00(:?00)?$'),
        parseDateTime64BestEffortOrNull(
            replaceOne(upper({{ text }}), ',', '.'), 3, 'UTC'
        ),
        null
    )
{%- endmacro %}
