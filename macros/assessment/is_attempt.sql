{#
What an attempt is, said once; the verbs are those of the seed `verb_roles`:

    answer          an answer to a question or to a whole assessment; elsewhere (a text handed in, a post that was
                    evaluated) only when its result has a verdict or a score
    grade           a grade of anything
    scored_ending   an ending, which is a grade when it comes with a score

A course and a module are made of what is graded inside them, and an objective is a part of an attempt: reports about
them are no attempts of their own. Neither are answers to the inputs of a question (`is_part`).
#}
{% macro is_attempt() -%} not is_part and {{ is_answer_or_grade() }} {%- endmacro %}

{# The same, for parts of questions too. #}
{% macro is_answer_or_grade() -%}
    activity_type not in ('course', 'module', 'objective', 'profile', 'platform')
    and multiIf(
        verb in {{ _verbs_of_role("answer") }},
        activity_type in ('question', 'assessment')
        or isNotNull(is_correct)
        or isNotNull(score_scaled),
        verb in {{ _verbs_of_role("grade") }},
        true,
        verb in {{ _verbs_of_role("scored_ending") }},
        isNotNull(score_scaled),
        false
    )
{%- endmacro %}

{% macro _verbs_of_role(role) -%}
    (select verb from {{ ref("verb_roles") }} where attempt_role = '{{ role }}')
{%- endmacro %}

{# Right or wrong; NULL when the statement does not say. A score alone is no verdict: where to pass is not known. #}
{% macro is_right(is_correct, verb) -%}
    multiIf(
        isNotNull({{ is_correct }}),
        {{ is_correct }},
        {{ verb }} = 'passed',
        true,
        {{ verb }} = 'failed',
        false,
        null
    )
{%- endmacro %}
