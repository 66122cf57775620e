{# Whom the contact list names: at risk by a published score, and without one silent for a week or disengaging. #}
{% macro is_listed(status, band, is_disengaging, recent_active_day_count) -%}
    if(
        {{ status }} = 'published',
        {{ band }} in ('high', 'medium'),
        {{ is_disengaging }} or {{ recent_active_day_count }} = 0
    )
{%- endmacro %}
