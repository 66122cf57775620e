{#
Direct standardisation: what the share would be if the unit's learners had the programme's mix.

`strata` is a sorted array of tuples (weight, event count, group size), one per stratum. Weights need no scale: they
are divided by their sum over the strata used, and a stratum is used when its group size is above 0. Sorted, because
a sum of floats depends on its order and a mart must come out the same to the last bit on every run. Each p is
divided out before it is weighted: then no term is above its weight, and R is not above 1.

    ratio     R = Σ w p / Σ w                       with p = events / group size
    variance  V = Σ w² p (1 − p) / n / (Σ w)²       binomial within strata, the weights taken as known

The interval is Wilson's at R with an effective sample size: the one that V stands for, R (1 − R) / V, but not above
(Σ w)² / Σ (w² / n), the size that equal shares in all strata would give. Without that ceiling a stratum with a
single learner, whose own variance is always 0, would claim certainty.
#}
{% macro standardised_ratio(strata) -%}
    arraySum(s -> if(s .3 > 0, toFloat64(s .1) * (s .2 / s .3), 0), {{ strata }})
    / {{ _used_weight(strata) }}
{%- endmacro %}

{% macro standardised_variance(strata) -%}
    arraySum(
        s -> if(
            s .3 > 0,
            pow(toFloat64(s .1), 2) * (s .2 / s .3) * (1 - s .2 / s .3) / s .3,
            0
        ),
        {{ strata }}
    )
    / pow({{ _used_weight(strata) }}, 2)
{%- endmacro %}

{# From the columns of the ratio and the variance, and the strata they came from. NULL when the ratio is. #}
{% macro standardised_effective_size(ratio, variance, strata) -%}
    {%- set ceiling -%}
    pow({{ _used_weight(strata) }}, 2) / arraySum(s -> if(s.3 > 0, pow(toFloat64(s.1), 2) / s.3, 0), {{ strata }})
    {%- endset -%}
    if(
        ifNull({{ variance }}, 0) > 0,
        least({{ ratio }} * (1 - {{ ratio }}) / {{ variance }}, {{ ceiling }}),
        {{ ceiling }}
    )
{%- endmacro %}

{% macro _used_weight(strata) -%}
    nullIf(arraySum(s -> if(s .3 > 0, toFloat64(s .1), 0), {{ strata }}), 0)
{%- endmacro %}

{#
The same for means instead of shares. `strata` is a sorted array of tuples (weight, sum of values, group size, sum of
squares). The spread of values is taken to be the same in all strata: a stratum of two or three learners does not show
its own, and one learner has no spread. NULL where no stratum has two learners.

    variance = s² Σ w² / n / (Σ w)²   with   s² = Σ (q − sum² / n) / Σ (n − 1)
#}
{% macro standardised_mean_variance(strata) -%}
    arraySum(s -> if(s .3 > 0, s .4 - toFloat64(s .2) * s .2 / s .3, 0), {{ strata }})
    / nullIf(arraySum(s -> if(s .3 > 0, toFloat64(s .3) - 1, 0), {{ strata }}), 0)
    * arraySum(s -> if(s .3 > 0, pow(toFloat64(s .1), 2) / s .3, 0), {{ strata }})
    / pow({{ _used_weight(strata) }}, 2)
{%- endmacro %}
