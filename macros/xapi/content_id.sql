{#
    An id for a statement without one: a hash of what makes it this statement. Empty where the condition does not hold,
    at no cost, because the hash takes the lambda's argument.
#}
{% macro content_id(condition, values) -%}
    arrayMap(
        is_missing -> lower(hex(sipHash128(is_missing, {{ values | join(", ") }}))),
        arrayFilter(is_missing -> is_missing, [{{ condition }}])
    )[1]
{%- endmacro %}
