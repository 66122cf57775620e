{#
Whether a statement says that its activity is completed: by its verb (seed `verb_roles`) or by its result. An assessment
is also completed by an attempt at it as a whole, passed or failed, scored or handed in: then it was worked to its end.
#}
{% macro is_completion() -%}
    (
        verb in (select verb from {{ ref("verb_roles") }} where is_completion)
        or ifNull(is_completed, false)
        or (activity_type = 'assessment' and {{ is_answer_or_grade() }})
    )
{%- endmacro %}
