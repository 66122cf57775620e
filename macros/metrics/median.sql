{#
Median of a sorted array, with the exact 95 % interval from order statistics: whatever the distribution, the number
of values below the true median is binomial(n, 1/2). Rank r is the largest for which P(X < r) is at most 2.5 %; the
interval runs from the r-th smallest to the r-th largest value. Below six values no such rank exists: NULL.
The quantile interpolates between neighbours (the usual definition of spreadsheets, R and numpy).

`sorted_values` is SQL text for an array in ascending order without NULL.
#}
{% macro median_low(sorted_values) -%}
    {%- set rank = median_rank("length(" ~ sorted_values ~ ")") | trim -%}
    if({{ rank }} = 0, null, {{ sorted_values }} [{{ rank }}])
{%- endmacro %}

{% macro median_high(sorted_values) -%}
    {%- set rank = median_rank("length(" ~ sorted_values ~ ")") | trim -%}
    if({{ rank }} = 0, null, {{ sorted_values }} [- toInt64({{ rank }})])
{%- endmacro %}

{# Rank of the lower bound among `n` values, 0 without one. Terms 6 √n below n / 2 are under 1e-31. #}
{% macro median_rank(n) -%}
    {%- set first = (
        "toInt64(greatest(0, floor(" ~ n ~ " / 2 - 6 * sqrt(" ~ n ~ "))))"
    ) -%}
    if(
        {{ n }} = 0,
        0,
        {{ first }} + arrayCount(
            mass -> mass <= 0.025,
            arrayCumSum(
                arrayMap(
                    i -> exp(
                        lgamma({{ n }} + 1)
                        - lgamma(i + 1)
                        - lgamma({{ n }} - i + 1)
                        - {{ n }} * log(2)
                    ),
                    range({{ first }}, toInt64({{ n }} / 2) + 1)
                )
            )
        )
    )
{%- endmacro %}

{# Quantile of a sorted array, `level` between 0 and 1; NULL for an empty one. #}
{% macro sorted_quantile(sorted_values, level) -%}
    {%- set place = "(length(" ~ sorted_values ~ ") - 1) * " ~ level -%}
    if(
        length({{ sorted_values }}) = 0,
        null,
        least(
            toFloat64({{ sorted_values }} [toUInt64(ceil({{ place }})) + 1]),
            {{ sorted_values }} [toUInt64(floor({{ place }})) + 1]
            + ({{ place }} - floor({{ place }}))
            * (
                {{ sorted_values }} [toUInt64(ceil({{ place }})) + 1]
                - {{ sorted_values }} [toUInt64(floor({{ place }})) + 1]
            )
        )
    )
{%- endmacro %}
