{#
    The text in a list where the condition holds, else an empty list. `arrayMap`, `arrayExists` and so on over such lists
    work for those few rows alone, which `if` does not do when all branches are evaluated; what stands in the lambda must
    use its argument, or the engine takes it out and computes it for every row.
#}
{% macro irregular(condition, text) -%}
    arrayFilter(text -> text != '', [if({{ condition }}, {{ text }}, '')])
{%- endmacro %}
