{#
    What only names a place in a list of options (`b`, `3`, `true`, `choice_2`), as a pattern. Longer codes and numbers do
    too, but so do account names, birth years and telephone numbers.
#}
{% macro option_mark_pattern() -%}
    {{- "^(?i:[a-z]|[0-9]|true|false|(?:answer|choice|item|option)[_-]?[0-9]{1,2})$" -}}
{%- endmacro %}
