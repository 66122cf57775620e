{#
Mantel and Haenszel's risk difference over strata, with Greenland and Robins's variance (Biometrics 1985; 41: 55–68).

`strata` is a sorted array of tuples (a, n1, b, n0): a of n1 exposed and b of n0 unexposed learners had the event.
Sorted, because a sum of floats depends on its order. With N = n1 + n0 and the weight w = n1 n0 / N

    difference D = Σ (a n0 − b n1) / N / Σ w
    variance   V = Σ [a (n1 − a) n0³ + b (n0 − b) n1³] / (n1 n0 N²) / (Σ w)²

A stratum with one group only has no weight. NULL when no stratum has both groups.

The bounds are D ± 1.96 · √V, inside −1..1, with V not below what it would be with one more answer, half right and half
wrong, in every group: a group of five that was all right has variance 0 and would claim certainty.
#}
{% macro mantel_haenszel_difference(strata) -%}
    arraySum(
        s -> if(
            s .2 > 0 and s .4 > 0,
            (toFloat64(s .1) * s .4 - toFloat64(s .3) * s .2) / (s .2 + s .4),
            0
        ),
        {{ strata }}
    )
    / {{ _mantel_haenszel_weight(strata) }}
{%- endmacro %}

{% macro mantel_haenszel_variance(strata) -%}
    {{ _mantel_haenszel_variance(strata, 0) }}
{%- endmacro %}

{% macro mantel_haenszel_low(strata) -%}
    {{ _mantel_haenszel_bound(strata, "-") }}
{%- endmacro %}

{% macro mantel_haenszel_high(strata) -%}
    {{ _mantel_haenszel_bound(strata, "+") }}
{%- endmacro %}

{# Learners in strata that have both groups. #}
{% macro mantel_haenszel_size(strata) -%}
    arraySum(s -> if(s .2 > 0 and s .4 > 0, s .2 + s .4, 0), {{ strata }})
{%- endmacro %}

{% macro _mantel_haenszel_weight(strata) -%}
    nullIf(
        arraySum(
            s -> if(s .2 > 0 and s .4 > 0, toFloat64(s .2) * s .4 / (s .2 + s .4), 0),
            {{ strata }}
        ),
        0
    )
{%- endmacro %}

{# `half` answers of each kind are added to every group: 0 for the variance itself, 0.5 for its floor. #}
{% macro _mantel_haenszel_variance(strata, half) -%}
    {%- set exposed = (
        "(s.1 + " ~ half ~ ") * (toFloat64(s.2) - s.1 + " ~ half ~ ") / pow(s.2 + " ~ 2 * half ~ ", 2) / s.2"
    ) -%}
    {%- set unexposed = (
        "(s.3 + " ~ half ~ ") * (toFloat64(s.4) - s.3 + " ~ half ~ ") / pow(s.4 + " ~ 2 * half ~ ", 2) / s.4"
    ) -%}
    arraySum(
        s -> if(
            s .2 > 0 and s .4 > 0,
            pow(toFloat64(s .2) * s .4 / (s .2 + s .4), 2)
            * ({{ exposed }} + {{ unexposed }}),
            0
        ),
        {{ strata }}
    )
    / pow({{ _mantel_haenszel_weight(strata) }}, 2)
{%- endmacro %}

{% macro _mantel_haenszel_bound(strata, sign) -%}
    if(
        isNull({{ _mantel_haenszel_weight(strata) }}),
        null,
        greatest(
            -1,
            least(
                1,
                {{ mantel_haenszel_difference(strata) }}
                {{ sign }} {{ normal_quantile_975() }} * sqrt(
                    greatest(
                        {{ _mantel_haenszel_variance(strata, 0) }},
                        {{ _mantel_haenszel_variance(strata, 0.5) }}
                    )
                )
            )
        )
    )
{%- endmacro %}
