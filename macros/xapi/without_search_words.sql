{#
    An address without the words that a person searched for: of `…/search?q=my+name` remains `…/search?q=`. A value with a
    slash is a path (`?q=node/12`) and stays.
#}
{% macro without_search_words(iri) -%}
    {%- set names = "q|query|search|search_?query|search_?terms?|keywords?" -%}
    arrayConcat(
        arrayMap(
            address -> replaceRegexpOne(
                address, '([?&](?i:{{ names }})=)[^&#/]+(&|#|$)', '\\1\\2'
            ),
            {{ irregular("position(" ~ iri ~ ", '?') > 0", iri) }}
        ),
        [{{ iri }}]
    )[1]
{%- endmacro %}
