{#
Whether too few of a group can be judged: for the others the horizon is still open, or only bounds of their exit are
known. A rate over such a group would read as zero with a narrow interval, because no learner is seen to leave yet.

`is_censored` asks it of a group. `drop_off_reason` and `survival_reason` say why a rate is NULL: `suppressed`,
`censored`, or '' (it is not). A survival curve is censored from the first bin on that is: one hazard that is not judged
makes the product worthless. So it is where too few of all starters are judged, when their exits lie far apart.
#}
{% macro is_censored(censored_count, group_size) -%}
    (
        toFloat64(ifNull({{ group_size }}, 0)) - toFloat64({{ censored_count }})
        < {{ var("minimum_judged_ratio") }} * toFloat64(ifNull({{ group_size }}, 0))
    )
{%- endmacro %}

{% macro drop_off_reason(censored_count, group_size) -%}
    multiIf(
        {{ is_suppressed(group_size) }},
        'suppressed',
        {{ is_censored(censored_count, group_size) }},
        'censored',
        ''
    )
{%- endmacro %}

{% macro survival_reason(censored_count, at_risk_count, started_count, window_name) -%}
    {%- set is_hazard_censored -%}
        {{ drop_off_reason(censored_count, at_risk_count) }} = 'censored'
    {%- endset -%}
    {%- set censored_so_far = "sum(" ~ censored_count ~ ") over " ~ window_name -%}
    multiIf(
        {{ is_suppressed(started_count) }},
        'suppressed',
        countIf({{ is_hazard_censored }}) over {{ window_name }} > 0
        or {{ is_censored(censored_so_far, started_count) }},
        'censored',
        ''
    )
{%- endmacro %}
