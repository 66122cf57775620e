{# Whether a statement is an attempt at an item: an answer to a whole question, not to one of its inputs. #}
{% macro is_attempt() -%}
    activity_type = 'question'
    and not is_part
    and verb in ('answered', 'evaluated', 'passed', 'failed', 'scored')
{%- endmacro %}
