{#
    A player position as Nullable(Int64) milliseconds; NULL when it is missing or farther from 0 than eleven days. Players
    report the start as -0.021: a position before the start is the start.
#}
{% macro plausible_position_ms(seconds) -%}
    if(abs({{ seconds }}) < 1000000, greatest({{ milliseconds(seconds) }}, 0), null)
{%- endmacro %}
