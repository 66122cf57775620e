{#
    The extensions we know, by our names: a Map(field, value) from a Map(IRI, value). Which IRI is which field stands
    in the seed `xapi_extensions`.
#}
{% macro named_extensions(extensions) -%}
    mapFromArrays(
        arrayMap(
            iri -> transform(
                iri,
                (select groupArray(extension_iri) from {{ ref("xapi_extensions") }}),
                (select groupArray(field) from {{ ref("xapi_extensions") }}),
                ''
            ),
            mapKeys({{ extensions }})
        ),
        mapValues({{ extensions }})
    )
{%- endmacro %}

{# A field that senders put into the context or into the result. #}
{% macro field_of_either(field) -%}
    if(
        context_fields['{{ field }}'] != '',
        context_fields['{{ field }}'],
        result_fields['{{ field }}']
    )
{%- endmacro %}

{# The fields among the extensions of the activity itself; objects with extensions are few (see `irregular_objects`). #}
{% macro object_fields(irregular_objects) -%}
    arrayMap(
        json
        -> {{
            named_extensions(
                "JSONExtract(json, 'definition', 'extensions', 'Map(String, String)')"
            )
        }},
        {{ irregular_objects }}
    )[1]
{%- endmacro %}
