{#
P(X ≥ successes) for X binomial(trials, probability): the one-sided exact test of "more than expected".

Sums the terms of the smaller tail, log terms through lgamma, outwards from `successes`. Terms fall at least
geometrically and at least as fast as exp(−2 j² / trials), so the sum stops where what is left is below 1e-17 of its
first term: 57 terms at twice the expected rate, 1,600 at worst for 100,000 trials. Relative accuracy 1e-9 in the
upper tail, also for p-values of 1e-100. NULL when an argument is NULL.
#}
{% macro binomial_upper_tail(successes, trials, probability) -%}
    {%- set k = "toInt64(" ~ successes ~ ")" -%}
    {%- set n = "toInt64(" ~ trials ~ ")" -%}
    {%- set p = "toFloat64(" ~ probability ~ ")" -%}
    multiIf(
        isNull({{ successes }}) or isNull({{ trials }}) or isNull({{ probability }}),
        null,
        {{ k }} <= 0,
        1.0,
        {{ k }} > {{ n }} or {{ p }} <= 0,
        0.0,
        {{ p }} >= 1,
        1.0,
        {{ k }} >= {{ n }} * {{ p }},
        least(1, {{ _binomial_terms(k, n, p, "up") }}),
        greatest(0, 1 - {{ _binomial_terms(k ~ " - 1", n, p, "down") }})
    )
{%- endmacro %}

{# Sum of binomial terms from `start` away from the mean; the arguments are SQL text. #}
{% macro _binomial_terms(start, n, p, direction) -%}
    {%- set start = "assumeNotNull(" ~ start ~ ")" -%}
    {%- set n = "assumeNotNull(" ~ n ~ ")" -%}
    {%- set p = "assumeNotNull(" ~ p ~ ")" -%}
    {%- if direction == "up" -%}
        {%- set fall = "(" ~ n ~ " - " ~ start ~ ") / (" ~ start ~ " + 1) * " ~ p ~ " / (1 - " ~ p ~ ")" -%}
        {%- set room = n ~ " - " ~ start -%}
        {%- set sign = "+" -%}
    {%- else -%}
        {%- set fall = start ~ " / (" ~ n ~ " - " ~ start ~ " + 1) * (1 - " ~ p ~ ") / " ~ p -%}
        {%- set room = start -%}
        {%- set sign = "-" -%}
    {%- endif -%}
    arraySum(
        arrayMap(
            i -> exp(
                lgamma({{ n }} + 1.0)
                - lgamma({{ start }} {{ sign }} i + 1.0)
                - lgamma({{ n }} - ({{ start }} {{ sign }} i) + 1.0)
                + ({{ start }} {{ sign }} i) * log({{ p }})
                + ({{ n }} - ({{ start }} {{ sign }} i)) * log1p(-{{ p }})
            ),
            range(
                toUInt64(
                    greatest(
                        0,
                        1 + least(
                            {{ room }},
                            toInt64(5 * sqrt(greatest({{ n }}, 0))) + 10,
                            toInt64(
                                ceil(
                                    least(
                                        1e9,
                                        40 / greatest(
                                            - log(
                                                least(greatest({{ fall }}, 1e-300), 1)
                                            ),
                                            1e-8
                                        )
                                    )
                                )
                            )
                        )
                    )
                )
            )
        )
    )
{%- endmacro %}
