{# The verb's IRI. A plain verb starts with its id or with its display; the other ones are read as JSON. #}
{% macro verb_id(is_plain, verb, irregular_verbs) -%}
    if(
        {{ is_plain }},
        extract(
            {{ verb }}, '^[{](?:"display":{{ language_map_pattern() }},)?"id":"([^"]*)"'
        ),
        arrayMap(json -> JSONExtractString(json, 'id'), {{ irregular_verbs }})[1]
    )
{%- endmacro %}
