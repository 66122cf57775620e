{#
Slope of a straight line through the values of an array in their order (least squares against 1, 2, … n), with its
95 % interval b ± t · se and n − 2 degrees of freedom. Answers are 0 or 1, so sums are whole numbers and the same in
any order of rows; the line's errors are then not normal, which the interval forgives from about 20 answers on.

`size` is a number known when the model is compiled, even and at least 4: arrays of another length give NULL.
Unit: change of the value per step.
#}
{% macro slope(values, size) -%}
    if(
        length({{ values }}) = {{ size }},
        6 * {{ _slope_moment(values, size) }} / {{ size * (size * size - 1) }},
        null
    )
{%- endmacro %}

{% macro slope_low(values, size) -%}
    {{ _slope_bound(values, size, "-") }}
{%- endmacro %}

{% macro slope_high(values, size) -%}
    {{ _slope_bound(values, size, "+") }}
{%- endmacro %}

{% macro _slope_bound(values, size, sign) -%}
    {{ slope(values, size) }} {{ sign }} {{ student_quantile_975(size - 2) }} * sqrt(
        greatest(
            0,
            arraySum(value -> toFloat64(value) * value, {{ values }})
            - pow(arraySum({{ values }}), 2) / {{ size }}
            - pow({{ slope(values, size) }}, 2) * {{ size * (size * size - 1) }} / 12
        )
        / {{ size - 2 }}
        / {{ size * (size * size - 1) }}
        * 12
    )
{%- endmacro %}

{# Twice the sum of (place − mean place) · value, which is a whole number for whole values. #}
{% macro _slope_moment(values, size) -%}
    arraySum(
        (value, place) -> value * (2 * toInt64(place) - {{ size + 1 }}),
        {{ values }},
        arrayEnumerate({{ values }})
    )
{%- endmacro %}

{#
The 97.5 % quantile of Student's t for an even number of degrees of freedom, worked out when the model is compiled:
bisection over the closed form of the distribution (Abramowitz and Stegun 26.7.4), because ClickHouse has none.
#}
{% macro student_quantile_975(degrees) -%}
    {%- if degrees % 2 or degrees < 2 -%}
        {{
            exceptions.raise_compiler_error(
                "student_quantile_975 takes an even number of degrees of freedom, at least 2, not "
                ~ degrees
            )
        }}
    {%- endif -%}
    {%- set bounds = namespace(low=0.0, high=13.0) -%}
    {%- for _ in range(60) -%}
        {%- set middle = (bounds.low + bounds.high) / 2 -%}
        {%- set cosine_squared = degrees / (degrees + middle * middle) -%}
        {%- set series = namespace(term=1.0, total=1.0) -%}
        {%- for k in range(2, degrees, 2) -%}
            {%- set series.term = series.term * (k - 1) / k * cosine_squared -%}
            {%- set series.total = series.total + series.term -%}
        {%- endfor -%}
        {%- if (1 - cosine_squared) ** 0.5 * series.total < 0.95 -%}
            {%- set bounds.low = middle -%}
        {%- else -%} {%- set bounds.high = middle -%}
        {%- endif -%}
    {%- endfor -%}
    {{ bounds.high }}
{%- endmacro %}
