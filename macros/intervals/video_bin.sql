{#
    The bin of a video (`width_ms`, `bin_count`) in which a position lies. The last one takes what lies behind the end.
#}
{% macro video_bin(position_ms) -%}
    least(intDiv({{ position_ms }}, width_ms), bin_count - 1)
{%- endmacro %}

{#
    The first bin whose middle is not before a position; `bin_count` where it is behind all middles. The last bin ends with
    the video, so that its middle (`last_middle_ms`) comes earlier than half a width after its start.
#}
{% macro video_bin_by_middle(position_ms) -%}
    if(
        {{ position_ms }} > last_middle_ms,
        bin_count,
        {{ video_bin(position_ms ~ " + intDiv(width_ms, 2) - 1") }}
    )
{%- endmacro %}
