{#
    Seconds of an ISO 8601 duration (PnW, PnDTnHnMn.nS) as Nullable(Float64); NULL for anything else, for years and
    months (no fixed length) and for a negative one.
#}
{% macro iso8601_seconds(duration) -%}
    if(
        match(
            ifNull({{ duration }}, ''),
            '^P(\\d+(\\.\\d+)?W|(?:\\d+(\\.\\d+)?D)?(?:T(?:\\d+(\\.\\d+)?H)?(?:\\d+(\\.\\d+)?M)?(?:\\d+(\\.\\d+)?S)?)?)$'
        )
        and match(ifNull({{ duration }}, ''), '\\d'),
        604800 * toFloat64OrZero(extract(ifNull({{ duration }}, ''), '([\\d.]+)W'))
        + 86400 * toFloat64OrZero(extract(ifNull({{ duration }}, ''), '([\\d.]+)D'))
        + 3600 * toFloat64OrZero(extract(ifNull({{ duration }}, ''), 'T.*?([\\d.]+)H'))
        + 60 * toFloat64OrZero(extract(ifNull({{ duration }}, ''), 'T.*?([\\d.]+)M'))
        + toFloat64OrZero(extract(ifNull({{ duration }}, ''), 'T.*?([\\d.]+)S')),
        null
    )
{%- endmacro %}
