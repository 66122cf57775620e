{#
The 95 % interval of a difference of two independent values from their own intervals, which need not be symmetric
(Newcombe 1998, method 10; Zou and Donner 2008 for any two values): each bound goes as far as the two bounds that make
it so, added as squares.

    low  = after − before − √((after − after_low)² + (before_high − before)²)
    high = after − before + √((after_high − after)² + (before − before_low)²)

All arguments are SQL text. NULL when any of them is.
#}
{% macro difference_low(after, after_low, before, before_high) -%}
    ({{ after }})
    - ({{ before }})
    - sqrt(
        pow(({{ after }}) - ({{ after_low }}), 2)
        + pow(({{ before_high }}) - ({{ before }}), 2)
    )
{%- endmacro %}

{% macro difference_high(after, after_high, before, before_low) -%}
    ({{ after }})
    - ({{ before }})
    + sqrt(
        pow(({{ after_high }}) - ({{ after }}), 2)
        + pow(({{ before }}) - ({{ before_low }}), 2)
    )
{%- endmacro %}
