{# A part over its whole, 0..1; NULL when the whole is empty, because nothing out of nothing is not zero. #}
{% macro ratio(numerator, denominator) -%}
    toFloat64({{ numerator }}) / nullIf(toFloat64({{ denominator }}), 0)
{%- endmacro %}
