{#
    Query of the enrolments that lists of learners decide, for the `basis` of an aggregate by course: a list changes
    courses that nothing touches. All other enrolments follow from statements, which touch their course.
#}
{% macro listed_enrolments() -%}
    select learner_id, course_id, enrolled_at
    from {{ ref("fct_enrolments") }}
    where enrolment_basis in ('learners_drop', 'unknown')
{%- endmacro %}
