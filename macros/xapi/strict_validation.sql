{#
    What the patterns of `grammar.sql` leave open, in JSON functions. They are expensive, so each is given the text of the
    few statements that did not match and an empty text for all others, on which it costs next to nothing.
#}
{# The JSON object with these properties only; what is no object stays. #}
{% macro known_properties(json, names) -%}
    concat(
        if(startsWith({{ json }}, '{'), '{', {{ json }}),
        arrayStringConcat(
            arrayMap(
                property -> concat('"', property .1, '":', property .2),
                arrayFilter(
                    property -> has({{ names }}, property .1),
                    JSONExtractKeysAndValuesRaw({{ json }})
                )
            ),
            ','
        ),
        '}'
    )
{%- endmacro %}

{% macro identifier_properties() -%}
    ['mbox', 'mbox_sha1sum', 'openid', 'account']
{%- endmacro %}

{% macro actor_properties() -%}
    ['objectType', 'name', 'mbox', 'mbox_sha1sum', 'openid', 'account', 'member']
{%- endmacro %}

{% macro object_properties() -%}
    arrayConcat({{ actor_properties() }}, ['id', 'definition'])
{%- endmacro %}

{% macro definition_properties() -%}
    [
        'name',
        'description',
        'type',
        'moreInfo',
        'interactionType',
        'correctResponsesPattern',
        'choices',
        'scale',
        'source',
        'target',
        'steps'
    ]
{%- endmacro %}

{% macro all_keys_are_iris(json) -%}
    arrayAll(key -> {{ matches("key", iri_pattern()) }}, JSONExtractKeys({{ json }}))
{%- endmacro %}

{# The object of a statement without unknown properties and without well-formed extensions. #}
{% macro known_activity(json) -%}
    concat(
        if(startsWith({{ json }}, '{'), '{', {{ json }}),
        arrayStringConcat(
            arrayMap(
                property -> concat(
                    '"',
                    property .1,
                    '":',
                    if(
                        property .1 = 'definition' and startsWith(property .2, '{'),
                        concat(
                            '{',
                            arrayStringConcat(
                                arrayMap(
                                    part -> concat('"', part .1, '":', part .2),
                                    arrayFilter(
                                        part
                                        -> has({{ definition_properties() }}, part .1)
                                        or (
                                            part .1 = 'extensions'
                                            and not (
                                                startsWith(part .2, '{')
                                                and {{ all_keys_are_iris("part.2") }}
                                            )
                                        ),
                                        JSONExtractKeysAndValuesRaw(property .2)
                                    )
                                ),
                                ','
                            ),
                            '}'
                        ),
                        property .2
                    )
                ),
                arrayFilter(
                    property -> has({{ object_properties() }}, property .1),
                    JSONExtractKeysAndValuesRaw({{ json }})
                )
            ),
            ','
        ),
        '}'
    )
{%- endmacro %}

{# Whether some object has properties that the specification does not know, itself or in its definition. #}
{% macro has_unknown_property(json, names) -%}
    arrayExists(
        part -> arrayExists(key -> not has({{ names }}, key), JSONExtractKeys(part))
        or arrayExists(
            key
            -> not has(arrayPushBack({{ definition_properties() }}, 'extensions'), key),
            JSONExtractKeys(part, 'definition')
        ),
        {{ json }}
    )
{%- endmacro %}

{% macro is_valid_verb(verbs) -%}
    arrayExists(
        json
        -> {{ matches(known_properties("json", "['id', 'display']"), verb_pattern()) }},
        {{ verbs }}
    )
{%- endmacro %}

{% macro is_valid_object(objects) -%}
    arrayExists(
        json -> {{ matches(known_activity("json"), statement_object_pattern()) }},
        {{ objects }}
    )
{%- endmacro %}

{# Names of the result's properties that are unknown or have no value of their type; `result` when it is no object. #}
{% macro unusable_result_properties(results) -%}
    arrayMap(
        json -> arrayConcat(
            if(startsWith(json, '{'), [], ['result']),
            arrayMap(
                property -> property .1,
                arrayFilter(
                    property -> multiIf(
                        property .1 in ('success', 'completion'),
                        property .2 not in ('true', 'false'),
                        property .1 = 'response',
                        not startsWith(property .2, '"'),
                        property .1 = 'duration',
                        not {{ matches("property.2", '"' ~ duration_pattern() ~ '"') }},
                        property .1 = 'score',
                        not {{ matches("property.2", score_pattern()) }},
                        property .1 = 'extensions',
                        not startsWith(property .2, '{'),
                        true
                    ),
                    JSONExtractKeysAndValuesRaw(json)
                )
            )
        ),
        {{ results }}
    )[1]
{%- endmacro %}

{# Whether a property of the result is among them, or the whole result. #}
{% macro is_unusable_result(property) -%}
    hasAny(unusable_in_result, ['result', '{{ property }}'])
{%- endmacro %}

{# People, groups and the statement that a context names. Few contexts name any. #}
{% macro is_invalid_context(context) -%}
    {%- set checks = [
        (".instructor", actor_pattern()),
        (".team", group_pattern()),
        (".statement", statement_reference_pattern()),
        (".contextAgents", context_agents_pattern()),
        (".contextGroups", context_groups_pattern()),
    ] -%}
    (
        {%- for property, pattern in checks %}
            (
                {{ context ~ property }} != ''
                and not {{ matches(context ~ property, pattern) }}
            )
            {%- if not loop.last %} or {% endif -%}
        {%- endfor %}
    )
{%- endmacro %}

{# Keys of extensions must be IRIs; those that we know (`named_extensions`) are. #}
{% macro has_unknown_key_without_iri(extensions, fields) -%}
    arrayExists(
        key -> not {{ matches("key", iri_pattern()) }},
        arrayFilter(
            (key, field) -> field = '', mapKeys({{ extensions }}), mapKeys({{ fields }})
        )
    )
{%- endmacro %}

{% macro are_valid_context_activities(jsons) -%}
    arrayAll(
        json -> JSONLength(json) > 0
        and startsWith(json, '{')
        and arrayAll(
            relation -> has(['parent', 'grouping', 'category', 'other'], relation .1)
            and match(relation .2, '^[[{]')
            and arrayAll(
                activity
                -> {{ matches(known_activity("activity"), activity_pattern()) }},
                if(
                    startsWith(relation .2, '{'),
                    [relation .2],
                    JSONExtractArrayRaw(relation .2)
                )
            ),
            JSONExtractKeysAndValuesRaw(json)
        ),
        {{ jsons }}
    )
{%- endmacro %}

{% macro has_unknown_result_property(unusable_in_result) -%}
    arrayExists(
        name -> name not in (
            'result',
            'success',
            'completion',
            'response',
            'duration',
            'score',
            'extensions'
        ),
        {{ unusable_in_result }}
    )
{%- endmacro %}
