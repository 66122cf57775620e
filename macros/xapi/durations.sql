{#
    Seconds of an ISO 8601 duration as Nullable(Float64); NULL for anything without a fixed length in seconds, see
    `duration_pattern`.
#}
{% macro iso8601_seconds(reported) -%}
    {%- set seconds -%}
        604800 * {{ _duration_part("duration", "([0-9.,]+)W") }}
        + 86400 * {{ _duration_part("duration", "([0-9.,]+)D") }}
        + 3600 * {{ _duration_part("duration", "([0-9.,]+)H") }}
        + 60 * {{ _duration_part("duration", "T.*?([0-9.,]+)M") }}
        + {{ _duration_part("duration", "([0-9.,]+)S") }}
    {%- endset -%}
    arrayMap(
        duration -> if(
            {{ matches("duration", duration_pattern()) }},
            toNullable({{ seconds }}),
            null
        ),
        arrayFilter(text -> text != '', [{{ reported }}])
    )[1]
{%- endmacro %}

{% macro _duration_part(duration, pattern) -%}
    toFloat64OrZero(replaceOne(extract({{ duration }}, '{{ pattern }}'), ',', '.'))
{%- endmacro %}
