{# A player position as Nullable(Int64) milliseconds; NULL when it is missing, negative or beyond eleven days. #}
{% macro plausible_position_ms(seconds) -%}
    if(
        {{ seconds }} >= 0 and {{ seconds }} < 1000000,
        {{ milliseconds(seconds) }},
        null
    )
{%- endmacro %}
