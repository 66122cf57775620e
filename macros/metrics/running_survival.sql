{#
    Kaplan–Meier: the running product of 1 − dropped / at risk over a named window, as exp of a sum of logs because
    there is no product aggregate. A bin without anybody at risk says nothing and leaves the curve where it is; once
    everybody at risk has left, the curve is 0.
#}
{% macro running_survival(dropped_count, at_risk_count, window_name) -%}
    if(
        countIf(
            {{ at_risk_count }} > 0 and {{ dropped_count }} >= {{ at_risk_count }}
        ) over {{ window_name }}
        > 0,
        0.0,
        exp(
            sum(
                if(
                    {{ at_risk_count }} > ({{ dropped_count }}),
                    log1p(
                        - toFloat64({{ dropped_count }})
                        / toFloat64({{ at_risk_count }})
                    ),
                    0
                )
            ) over {{ window_name }}
        )
    )
{%- endmacro %}
