{#
Restricted mean time up to a horizon: the area under a survival curve that is constant from one week to the next.

All arrays run over the weeks 0, 1, … up to the horizon, in order: `survivals` the curve at the end of each week,
`dropped_counts` and `at_risk_counts` its counts. The sum of the curve is the mean of min(whole weeks, horizon).

    variance  Σ_j (Σ_{k ≥ j} S(k))² d(j) / (n(j) (n(j) − d(j)))     (Klein and Moeschberger 2003, 4.5.2)
#}
{% macro restricted_mean(survivals) -%} arraySum({{ survivals }}) {%- endmacro %}

{% macro restricted_mean_variance(survivals, dropped_counts, at_risk_counts) -%}
    arraySum(
        (d, n, area) -> {{ greenwood_term("d", "n") }} * area * area,
        {{ dropped_counts }},
        {{ at_risk_counts }},
        {{ _areas_from_here(survivals) }}
    )
{%- endmacro %}

{#
Restricted mean time lost to one cause: the area under its cumulative incidence (Andersen 2013). With competing causes
this, not the area above the survival curve, is what a cause costs. `survivals_before` is the curve at the start of
each week. The variance is that of the incidence, with the area A from week j on in place of the one last value:

    Σ_j  (A − m I(j))² d / (n (n − d)) + S(j−1)² m² d_c (n − d_c) / n³ − 2 (A − m I(j)) S(j−1) m d_c / n²

with m the number of weeks from j to the horizon. Rounding below 0 is 0.
#}
{% macro restricted_mean_lost(incidences) -%} arraySum({{ incidences }}) {%- endmacro %}

{% macro restricted_mean_lost_variance(
    incidences,
    cause_counts,
    dropped_counts,
    at_risk_counts,
    survivals_before
) -%}
    greatest(
        0,
        arraySum(
            (c, d, n, lost, paid) -> if(
                n > 0,
                {{ greenwood_term("d", "n") }} * lost * lost
                + paid * paid * c * (n - c) / pow(n, 3)
                - 2 * lost * paid * c / pow(n, 2),
                0
            ),
            arrayMap(c -> toFloat64(c), {{ cause_counts }}),
            arrayMap(d -> toFloat64(d), {{ dropped_counts }}),
            arrayMap(n -> toFloat64(n), {{ at_risk_counts }}),
            arrayMap(
                (area, incidence, weeks) -> area - weeks * incidence,
                {{ _areas_from_here(incidences) }},
                {{ incidences }},
                arrayReverse(arrayEnumerate({{ incidences }}))
            ),
            arrayMap(
                (survival, weeks) -> survival * weeks,
                {{ survivals_before }},
                arrayReverse(arrayEnumerate({{ incidences }}))
            )
        )
    )
{%- endmacro %}

{% macro _areas_from_here(curve) -%}
    arrayReverse(arrayCumSum(arrayReverse({{ curve }})))
{%- endmacro %}

{# 95 % bounds of a mean from its standard error, kept within what the mean can be. NULL when the mean is. #}
{% macro mean_low(mean, standard_error, least_value, most_value) -%}
    {{ _mean_bound(mean, standard_error, least_value, most_value, "-") }}
{%- endmacro %}

{% macro mean_high(mean, standard_error, least_value, most_value) -%}
    {{ _mean_bound(mean, standard_error, least_value, most_value, "+") }}
{%- endmacro %}

{% macro _mean_bound(mean, standard_error, least_value, most_value, sign) -%}
    if(
        isNull({{ mean }}) or isNull({{ standard_error }}),
        null,
        least(
            {{ most_value }},
            greatest(
                {{ least_value }},
                {{ mean }} {{ sign }} {{ normal_quantile_975() }} * {{ standard_error }}
            )
        )
    )
{%- endmacro %}
