{#
A share with its Wilson interval as three columns of a select: `name`, `name_low` and `name_high`. All three are NULL
when the whole is below the minimum group.

    select unit_id, {{ ratio_with_interval("completion_ratio", "completed_count", "reached_count") }}
#}
{% macro ratio_with_interval(name, numerator, denominator) -%}
    {{ suppressed(ratio(numerator, denominator), denominator) }} as {{ name }},
    {{ suppressed(wilson_low(numerator, denominator), denominator) }} as {{ name }}_low,
    {{ suppressed(wilson_high(numerator, denominator), denominator) }}
    as {{ name }}_high
{%- endmacro %}
