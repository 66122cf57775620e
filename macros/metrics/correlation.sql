{#
Pearson's correlation over counted points, and its 95 % interval by Fisher's z (Fisher 1921).

`points` is a sorted array of tuples (x, y, count). Count learners by (x, y) first: counts add exactly, and the few sums
of floats that are left run over a sorted array, so the result does not depend on the order of the rows, to the last
digit. Values are differences from the first point, so that scores close together leave no negative sum of squares.
With x a yes or no it is the point-biserial correlation.

NULL when x or y does not vary. Points on one line have r = ±1 exactly, and itself for bounds; below four points there
are none.
#}
{% macro correlation(points) -%}
    {%- set shifted = _from_first_point(points) | trim -%}
    if(
        length({{ points }}) = 0
        or arrayMin(p -> p .1, {{ points }}) = arrayMax(p -> p .1, {{ points }})
        or arrayMin(p -> p .2, {{ points }}) = arrayMax(p -> p .2, {{ points }}),
        null,
        if(
            {{ _is_one_line(shifted) }},
            sign({{ shifted }} [-1] .2),
            greatest(
                -1,
                least(
                    1,
                    {{ _centred_product(shifted, ".1", ".2") }} / sqrt(
                        {{ _centred_product(shifted, ".1", ".1") }}
                        * {{ _centred_product(shifted, ".2", ".2") }}
                    )
                )
            )
        )
    )
{%- endmacro %}

{% macro correlation_low(correlation, size) -%}
    {{ _fisher_bound(correlation, size, "-") }}
{%- endmacro %}

{% macro correlation_high(correlation, size) -%}
    {{ _fisher_bound(correlation, size, "+") }}
{%- endmacro %}

{% macro _fisher_bound(correlation, size, sign) -%}
    multiIf(
        isNull({{ correlation }}) or ifNull({{ size }}, 0) <= 3,
        null,
        abs({{ correlation }}) >= 1,
        {{ correlation }},
        tanh(
            atanh({{ correlation }})
            {{ sign }}{{ normal_quantile_975() }} / sqrt(toFloat64({{ size }}) - 3)
        )
    )
{%- endmacro %}

{# n Σ w a b − Σ w a Σ w b #}
{% macro _centred_product(points, a, b) -%}
    (
        {{ _weighted_sum(points, "1") }}
        * {{ _weighted_sum(points, "p" ~ a ~ " * p" ~ b) }}
        - {{ _weighted_sum(points, "p" ~ a) }} * {{ _weighted_sum(points, "p" ~ b) }}
    )
{%- endmacro %}

{% macro _weighted_sum(points, value) -%}
    arraySum(p -> toFloat64(p .3) * {{ value }}, {{ points }})
{%- endmacro %}

{# One value per point as an array: a lambda copies what it takes from outside, here all points, for each of them. #}
{% macro _from_first_point(points) -%}
    arrayMap(
        (p, first) -> (toFloat64(p .1) - first .1, toFloat64(p .2) - first .2, p .3),
        {{ points }},
        arrayWithConstant(length({{ points }}), {{ points }} [1])
    )
{%- endmacro %}

{# Whether all points lie on the line from the first to the last; exact for a yes or no against any score. #}
{% macro _is_one_line(shifted) -%}
    arrayAll(
        (p, last) -> p .1 * last .2 = p .2 * last .1,
        {{ shifted }},
        arrayWithConstant(length({{ shifted }}), {{ shifted }} [-1])
    )
{%- endmacro %}
