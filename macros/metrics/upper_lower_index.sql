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

{#
    Share of events in the first `share` of the learners, counted from the start of the array: over what was taken of
    each level, because `share` times all differs from its sum by rounding, which made shares of 1.0000000000000002.
#}
{% macro _border_group_ratio(levels, share) -%}
    {{ _border_group_sum(levels, share, "level.3 / toFloat64(level.2)") }}
    / nullIf({{ _border_group_sum(levels, share, "1") }}, 0)
{%- endmacro %}

{% macro _border_group_sum(levels, share, value) -%}
    arraySum(
        (level, up_to, learners)
        -> {{ value }}
        * least(
            toFloat64(level .2),
            greatest(0., {{ share }} * learners - (up_to - toFloat64(level .2)))
        ),
        {{ levels }},
        arrayCumSum(level -> level .2, {{ levels }}),
        arrayWithConstant(
            length({{ levels }}), arraySum(level -> level .2, {{ levels }})
        )
    )
{%- endmacro %}
