{#
    The activities of one relation (parent, grouping, category) as Array(Tuple(id, definition Tuple(type))). The specification
    allows one object (1.0.0 senders) where it asks for a list; lists were read with the other properties.
#}
{% macro context_activities(list, single_json, relation) -%}
    arrayConcat(
        {{ list }},
        arrayMap(
            json
            -> JSONExtract(json, '{{ relation }}', '{{ context_activity_shape() }}'),
            arrayFilter(
                json -> JSONType(json, '{{ relation }}') = 'Object', {{ single_json }}
            )
        )
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

{# Id of the first activity of a list whose type is a course; empty without one. #}
{% macro first_course(activities, course_iris) -%}
    tupleElement(
        arrayFirst(
            activity -> has({{ course_iris }}, activity.definition.type),
            {{ activities }}
        ),
        'id'
    )
{%- endmacro %}

{# What the activity is a part of: the first parent that is no learner's attempt (Moodle names that before the quiz). #}
{% macro first_place(parents, attempt_iris) -%}
    {{ parents }} [
        greatest(
            1,
            arrayFirstIndex(
                activity -> not has({{ attempt_iris }}, activity.definition.type),
                {{ parents }}
            )
        )
    ]
{%- endmacro %}
