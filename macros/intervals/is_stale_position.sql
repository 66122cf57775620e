{#
    Whether a play repeats the position from before the seek that it follows at once: the player had not moved yet, and
    the seek's target is where it plays. The columns of the seek begin with `seek`, if it is not the row itself.
#}
{% macro is_stale_position(verb, before_ms, at_ms, seek="") -%}
    ifNull(
        {{ verb }} = 'played'
        and {{ seek }}verb = 'seeked'
        and abs({{ before_ms }} - {{ seek }}before_ms)
        <= {{ 1000 * var("position_tolerance_seconds") }}
        and {{ at_ms }} - {{ seek }}at_ms <= {{ 1000 * var("stale_position_seconds") }}
        and {{ seek }}after_ms is not null,
        false
    )
{%- endmacro %}
