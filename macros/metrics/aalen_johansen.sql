{#
Cumulative incidence by cause when several kinds of ending compete (Aalen and Johansen 1978): the share of learners
who have ended by this cause up to and with this week. One minus Kaplan–Meier over one cause would treat the others
as censored, as if who has completed could still churn, and overstates it.

    I_c(k) = Σ_{j ≤ k} S(j−1) d_c(j) / n(j)

It is written as the cause's part of 1 − S(k), which is what all causes have together: the same sum with the cause's
endings over the same sum with all endings. Added up as above, rounding takes the incidence of a cohort in which
everybody has left beyond 1; as a part of 1 − S it cannot pass it, and one cause alone is 1 − S to the last digit.

`survival` is the curve at the end of the row. `window_name` is a named window over one curve, ordered by time, from
its first row to the current one. A row with no learner at risk adds nothing.

The variance is the delta-method one (Dinse and Larson 1986; Marubini and Valsecchi 1995; also SAS and statsmodels):

    Σ_j  (I(k) − I(j))² d / (n (n − d)) + S(j−1)² d_c (n − d_c) / n³ − 2 (I(k) − I(j)) S(j−1) d_c / n²

written with running sums. A row in which everybody left ends the curve, so that its first term is 0.
#}
{% macro aalen_johansen_incidence(
    cause_count,
    dropped_count,
    at_risk_count,
    survival,
    survival_before,
    window_name
) -%}
    (1 - {{ survival }}) * ifNull(
        {{ _ended_share(cause_count, at_risk_count, survival_before, window_name) }}
        / nullIf(
            {{
                _ended_share(
                    dropped_count, at_risk_count, survival_before, window_name
                )
            }},
            0
        ),
        0
    )
{%- endmacro %}

{% macro _ended_share(ended_count, at_risk_count, survival_before, window_name) -%}
    sum(
        if(
            {{ at_risk_count }} > 0,
            {{ survival_before }}
            * toFloat64({{ ended_count }})
            / toFloat64({{ at_risk_count }}),
            0.0
        )
    ) over {{ window_name }}
{%- endmacro %}

{# `incidence` must be a column: it is read here at this row and at every row before. #}
{% macro aalen_johansen_variance(
    incidence,
    cause_count,
    dropped_count,
    at_risk_count,
    survival_before,
    window_name
) -%}
    {%- set share -%}
        if({{ at_risk_count }} > 0, {{ survival_before }} * toFloat64({{ cause_count }}) / toFloat64({{ at_risk_count }}), 0.0)
    {%- endset -%}
    {%- set spread -%}
        if(
            {{ at_risk_count }} > 0 and {{ cause_count }} > 0,
            {{ share }} * {{ share }} * (1 / toFloat64({{ cause_count }}) - 1 / toFloat64({{ at_risk_count }})),
            0.0
        )
    {%- endset -%}
    {%- set link -%}
        if({{ at_risk_count }} > 0, {{ share }} / toFloat64({{ at_risk_count }}), 0.0)
    {%- endset -%}
    {%- set left -%} {{ greenwood_term(dropped_count, at_risk_count) }} {%- endset -%}
    greatest(
        0,
        {{ incidence }} * {{ incidence }} * sum({{ left }}) over {{ window_name }}
        - 2
        * {{ incidence }}
        * (
            sum({{ incidence }} * {{ left }}) over {{ window_name }}
            + sum({{ link }}) over {{ window_name }}
        )
        + sum({{ incidence }} * {{ incidence }} * {{ left }}) over {{ window_name }}
        + 2 * sum({{ incidence }} * {{ link }}) over {{ window_name }}
        + sum({{ spread }}) over {{ window_name }}
    )
{%- endmacro %}

{#
95 % bounds of a cumulative incidence on the log-log scale, I ^ exp(± z · se / (I |log I|)), which stay inside 0..1
(Kalbfleisch and Prentice). At 0 and at 1 the variance is 0, which would claim certainty: there the bounds are
Wilson's for none or all of `group_size` learners, the smallest number the curve has rested on so far.
#}
{% macro aalen_johansen_low(incidence, variance, group_size) -%}
    {{ _aalen_johansen_bound(incidence, variance, group_size, "", "low") }}
{%- endmacro %}

{% macro aalen_johansen_high(incidence, variance, group_size) -%}
    {{ _aalen_johansen_bound(incidence, variance, group_size, "-", "high") }}
{%- endmacro %}

{% macro _aalen_johansen_bound(incidence, variance, group_size, sign, side) -%}
    {%- set wilson = wilson_low if side == "low" else wilson_high -%}
    {%- set outer = "least" if side == "low" else "greatest" -%}
    multiIf(
        isNull({{ incidence }}) or isNull({{ variance }}),
        null,
        {{ variance }} <= 0 or {{ incidence }} <= 0 or {{ incidence }} >= 1,
        {{ wilson(incidence ~ " * " ~ group_size, group_size) }},
        {{ outer }} (
            {{ incidence }},
            pow(
                {{ incidence }},
                exp(
                    {{ sign }}{{ normal_quantile_975() }}
                    * sqrt({{ variance }})
                    / ({{ incidence }} * abs(log({{ incidence }})))
                )
            )
        )
    )
{%- endmacro %}
