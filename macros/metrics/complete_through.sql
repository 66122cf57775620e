{# Up to when the data are taken as complete: the latest event less the lateness that is allowed for. #}
{% macro complete_through(occurred_at) -%}
    max({{ occurred_at }}) - interval {{ var("allowed_lateness_hours") }} hour
{%- endmacro %}
