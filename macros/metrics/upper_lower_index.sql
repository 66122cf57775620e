{#
Kelley's (1939) index: the share among the strongest less the share among the weakest `share` (0.27) of all.

`levels` is an array of tuples (score, learners, events), one per score, in ascending order of the score. The level
that the border runs through counts in part, which is what cutting it by lot gives on average: a short test has few
levels, and taking that one whole would make halves of the groups, leaving it out would empty them.
#}
{% macro upper_lower_index(levels, share) -%}
    {{ upper_group_ratio(levels, share) }} - {{ lower_group_ratio(levels, share) }}
{%- endmacro %}

{% macro upper_group_ratio(levels, share) -%}
    {{ _border_group_ratio("arrayReverse(" ~ levels ~ ")", share) }}
{%- endmacro %}

{% macro lower_group_ratio(levels, share) -%}
    {{ _border_group_ratio(levels, share) }}
{%- endmacro %}

{# Share of events in the first `share` of the learners, counted from the start of the array. #}
{% macro _border_group_ratio(levels, share) -%}
    {%- set whole = "arraySum(level -> level.2, " ~ levels ~ ")" -%}
    arraySum(
        (level, up_to, learners)
        -> level .3
        / toFloat64(level .2)
        * least(
            toFloat64(level .2),
            greatest(0., {{ share }} * learners - (up_to - toFloat64(level .2)))
        ),
        {{ levels }},
        arrayCumSum(level -> level .2, {{ levels }}),
        arrayWithConstant(length({{ levels }}), {{ whole }})
    )
    / nullIf({{ share }} * {{ whole }}, 0)
{%- endmacro %}
