{# The 97.5 % quantile of the normal distribution: every interval of the project is a two-sided 95 % one. #}
{% macro normal_quantile_975() -%} 1.959963984540054 {%- endmacro %}
