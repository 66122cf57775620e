{#
    Seconds of an ISO 8601 duration (PnW, PnDTnHnMn.nS) as Nullable(Float64); NULL for anything else and for years and
    months, which have no fixed length.
#}
{% macro iso8601_seconds(reported) -%}
    {%- set seconds -%}
        604800 * {{ _duration_part("duration", "([0-9.,]+)W") }}
        + 86400 * {{ _duration_part("duration", "([0-9.,]+)D") }}
        + 3600 * {{ _duration_part("duration", "([0-9.,]+)H") }}
        + 60 * {{ _duration_part("duration", "([0-9.,]+)M") }}
        + {{ _duration_part("duration", "([0-9.,]+)S") }}
    {%- endset -%}
    {%- set is_fixed -%}
        {{ matches("duration", duration_pattern()) }} and not match(duration, '^P[^T]*[YM]')
    {%- endset -%}
    arrayMap(
        duration -> if({{ is_fixed }}, toNullable({{ seconds }}), null),
        arrayFilter(text -> text != '', [{{ reported }}])
    )[1]
{%- endmacro %}

{% macro _duration_part(duration, pattern) -%}
    toFloat64OrZero(replaceOne(extract({{ duration }}, '{{ pattern }}'), ',', '.'))
{%- endmacro %}
