{#
    Whether a learner is not to be contacted about a course, so that the effect of contacts can be known: by hash, the
    same for ever, and for no other reason. The share is var `contact_holdout_ratio`.
#}
{% macro is_held_out(learner_id, course_id) -%}
    (
        sipHash64('holdout', {{ learner_id }}, {{ course_id }}) % 10000
        < 10000 * {{ var("contact_holdout_ratio") }}
    )
{%- endmacro %}
