{#
Greenwood's variance of a survival curve, with log-log 95 % bounds (Kalbfleisch and Prentice): they stay inside 0..1
and follow the skew near the ends, where S ± 1.96 · se does not.

`greenwood_term` is one bin's d / (n (n − d)); the running sum of the terms is the `greenwood_sum` of the bounds.
Survival 1 (no learner has left yet) has the bounds 1 and 1. Survival 0 (the last learner at risk left) has an unbounded
variance: the lower bound is 0, the upper NULL, and that bin's term counts as 0.
#}
{% macro greenwood_term(dropped_count, at_risk_count) -%}
    if(
        toFloat64({{ at_risk_count }}) > toFloat64({{ dropped_count }}),
        toFloat64({{ dropped_count }}) / (
            toFloat64({{ at_risk_count }})
            * (toFloat64({{ at_risk_count }}) - toFloat64({{ dropped_count }}))
        ),
        0
    )
{%- endmacro %}

{% macro greenwood_low(survival, greenwood_sum) -%}
    {{ _greenwood_bound(survival, greenwood_sum, "", "0.0", "least") }}
{%- endmacro %}

{% macro greenwood_high(survival, greenwood_sum) -%}
    {{ _greenwood_bound(survival, greenwood_sum, "-", "null", "greatest") }}
{%- endmacro %}

{% macro _greenwood_bound(survival, greenwood_sum, sign, at_zero, outer) -%}
    multiIf(
        isNull({{ survival }}) or isNull({{ greenwood_sum }}),
        null,
        {{ survival }} >= 1,
        1.0,
        {{ survival }} <= 0,
        {{ at_zero }},
        {{ outer }} (
            {{ survival }},
            pow(
                {{ survival }},
                exp(
                    {{ sign }}{{ normal_quantile_975() }}
                    * sqrt({{ greenwood_sum }})
                    / abs(log({{ survival }}))
                )
            )
        )
    )
{%- endmacro %}
