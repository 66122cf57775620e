{#
    Seconds as whole milliseconds and back. Sums are made over Int64 milliseconds and shown as Decimal(18, 3) seconds:
    both add exactly, so that no sum depends on the order of its rows, as one over floats would.
#}
{% macro milliseconds(seconds) -%} toInt64(round({{ seconds }} * 1000)) {%- endmacro %}

{% macro seconds(milliseconds) -%}
    CAST(toDecimal64({{ milliseconds }}, 3) / 1000, 'Decimal(18, 3)')
{%- endmacro %}
