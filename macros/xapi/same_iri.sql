{#
    An IRI in the one spelling of those that are certainly the same (RFC 3986 §6.2.2.1): scheme and host in lower case.
    Everything else tells resources apart: http from https, a slash at the end, the case of the path. An authority with a
    user in it stays as it is, and so does what is no address (`block-v1:Org+Course`).
#}
{% macro same_iri(text) -%}
    {%- set has_capital = (
        "match("
        ~ text
        ~ ", '^(?:[a-z0-9+.-]*[A-Z][A-Za-z0-9+.-]*://|[a-z][a-z0-9+.-]*://[^/?#@]*[A-Z])')"
    ) -%}
    arrayConcat(
        arrayMap(
            iri -> concat(
                lower({{ address_of("iri") }}),
                substring(iri, length({{ address_of("iri") }}) + 1)
            ),
            {{ irregular(has_capital, text) }}
        ),
        [{{ text }}]
    )[1]
{%- endmacro %}

{# Scheme and host; empty with a user in it. #}
{% macro address_of(iri) -%}
    extract({{ iri }}, '^([A-Za-z][A-Za-z0-9+.-]*://[^/?#@]*)(?:[/?#]|$)')
{%- endmacro %}
