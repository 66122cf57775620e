{#
Exact 95 % interval of a Poisson mean given one count (Garwood): the means at which the count, or one further out, has
probability 2.5 %. ClickHouse has no chi-square quantiles, so the bounds are solved for: Wilson–Hilferty's
approximation, then five Newton steps on the exact tail, whose derivative is one Poisson term. Agrees with
chi2.ppf to 1e-9 for counts up to 100,000.

The ratio of an observed to an expected count gets its interval by dividing both bounds by the expected count.
#}
{% macro poisson_low(observed) -%}
    if(
        isNull({{ observed }}),
        null,
        if(
            {{ observed }} = 0,
            0.0,
            {{ _poisson_bound(observed ~ " - 1", "0.975", "-") }}
        )
    )
{%- endmacro %}

{% macro poisson_high(observed) -%}
    if(isNull({{ observed }}), null, {{ _poisson_bound(observed, "0.025", "+") }})
{%- endmacro %}

{# The mean m at which P(X ≤ last) = tail; the arguments are SQL text. #}
{% macro _poisson_bound(last, tail, sign) -%}
    {%- set k = "toFloat64(greatest(0, assumeNotNull(" ~ last ~ ")))" -%}
    {%- set z = normal_quantile_975() | trim -%}
    {%- set start -%}
    ({{ k }} + 1) * pow(1 - 1 / (9 * ({{ k }} + 1)) {{ sign }} {{ z }} / (3 * sqrt({{ k }} + 1)), 3)
    {%- endset -%}
    arrayFold(
        (mean, step)
        -> mean
        + (
            arraySum(
                arrayMap(
                    i
                    -> exp(({{ k }} - i) * log(mean) - mean - lgamma({{ k }} - i + 1)),
                    range(toUInt64(least({{ k }}, 10 * sqrt({{ k }}) + 20)) + 1)
                )
            )
            - {{ tail }}
        )
        / exp({{ k }} * log(mean) - mean - lgamma({{ k }} + 1)),
        range(5),
        toFloat64(greatest({{ start }}, 1e-2))
    )
{%- endmacro %}
