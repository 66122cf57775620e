{# A position kept inside the video; a length of 0 is unknown and clips nothing. #}
{% macro clipped(position_ms, length_ms) -%}
    if(
        {{ length_ms }} > 0,
        least({{ position_ms }}, {{ length_ms }}),
        {{ position_ms }}
    )
{%- endmacro %}
