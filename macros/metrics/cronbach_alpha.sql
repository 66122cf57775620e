{#
Cronbach's alpha (1951); of items that are right or wrong it is Kuder and Richardson's formula 20.

    alpha = k / (k − 1) · (1 − Σ variances of the items / variance of the total)

All variances on one scale, whatever its factor. For right and wrong answers of n learners the scale n² keeps them whole
numbers: n · s − s² for an item that s learners had right, n Σ t² − (Σ t)² for the totals t. They stay whole until the
one division, so that items that all agree have an alpha of 1 and not of 1.0000000000000002. NULL for a single item and
for totals that do not vary. May be negative: then the items do not measure one thing.
#}
{% macro cronbach_alpha(item_count, item_variance_sum, total_variance) -%}
    if(
        ifNull({{ item_count }}, 0) > 1
        and ifNull({{ total_variance }}, 0) > 0
        and isNotNull({{ item_variance_sum }}),
        least(
            1,
            {{ item_count }}
            * ({{ total_variance }} - {{ item_variance_sum }})
            / (({{ item_count }} - 1) * {{ total_variance }})
        ),
        null
    )
{%- endmacro %}
