{#
Pearson's correlation over counted points, and its 95 % interval by Fisher's z (Fisher 1921).

`points` is a sorted array of tuples (x, y, count). Count learners by (x, y) first: counts add exactly, and the few sums
of floats that are left run over a sorted array, so the result does not depend on the order of the rows, to the last
digit. One pass: for scores of 0..1 the error is below 1e-12. With x a yes or no it is the point-biserial correlation.

NULL when x or y does not vary. r = ±1 has itself for bounds; below four points there are none.
#}
{% macro correlation(points) -%}
    if(
        length({{ points }}) = 0
        or arrayMin(p -> p .1, {{ points }}) = arrayMax(p -> p .1, {{ points }})
        or arrayMin(p -> p .2, {{ points }}) = arrayMax(p -> p .2, {{ points }}),
        null,
        greatest(
            -1,
            least(
                1,
                {{ _centred_product(points, ".1", ".2") }} / sqrt(
                    {{ _centred_product(points, ".1", ".1") }}
                    * {{ _centred_product(points, ".2", ".2") }}
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
        * {{ _weighted_sum(points, "toFloat64(p" ~ a ~ ") * p" ~ b) }}
        - {{ _weighted_sum(points, "toFloat64(p" ~ a ~ ")") }}
        * {{ _weighted_sum(points, "toFloat64(p" ~ b ~ ")") }}
    )
{%- endmacro %}

{% macro _weighted_sum(points, value) -%}
    arraySum(p -> toFloat64(p .3) * {{ value }}, {{ points }})
{%- endmacro %}
