{# Share right among the strongest less share right among the weakest examinees; NULL when either group is empty. #}
{% macro upper_lower_index(upper_correct, upper_count, lower_correct, lower_count) -%}
    {{ ratio(upper_correct, upper_count) }} - {{ ratio(lower_correct, lower_count) }}
{%- endmacro %}
