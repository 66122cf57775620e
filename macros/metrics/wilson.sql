{#
Wilson's 95 % score interval of a share, from its two counts (or from a share times an effective sample size).
Chosen over the textbook p ± 1.96 · se because it stays inside 0..1 and is honest at 0 %, at 100 % and for ten
learners. NULL when the denominator is 0 or NULL. The bound on the side of the share itself is exact: 0 for none, 1 for
all, never on the other side of the share.

The outer `if` is needed: least() and greatest() skip NULL in ClickHouse, so that greatest(0, NULL) is 0.
#}
{% macro wilson_low(numerator, denominator) -%}
    {{ _wilson_bound(numerator, denominator, "-") }}
{%- endmacro %}

{% macro wilson_high(numerator, denominator) -%}
    {{ _wilson_bound(numerator, denominator, "+") }}
{%- endmacro %}

{% macro _wilson_bound(numerator, denominator, sign) -%}
    {%- set x = "toFloat64(" ~ numerator ~ ")" -%}
    {%- set n = "toFloat64(" ~ denominator ~ ")" -%}
    {%- set z = normal_quantile_975() | trim -%}
    if(
        ifNull({{ n }}, 0) > 0 and isNotNull({{ x }}),
        least(
            {{ 1 if sign == "+" else x ~ " / " ~ n }},
            1,
            greatest(
                0,
                {{ x ~ " / " ~ n if sign == "+" else 0 }},
                (
                    {{ x }} + {{ z }} * {{ z }} / 2
                    {{ sign }} {{ z }} * sqrt(
                        greatest(0, {{ x }} * ({{ n }} - {{ x }})) / {{ n }}
                        + {{ z }} * {{ z }} / 4
                    )
                )
                / ({{ n }} + {{ z }} * {{ z }})
            )
        ),
        null
    )
{%- endmacro %}
