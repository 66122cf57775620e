{#
    Condition on rows of a learner, a course and a unit, whose progress this run counts again: `fct_unit_progress` yields
    these, and replaces the same.
#}
{% macro is_touched_unit() -%}
    (
        {{ compact_key(["learner_id", "course_id", "unit_id"]) }}
        in (select unit_key from {{ ref("int_touched_units") }})
        or learner_id
        in (select learner_id from {{ ref("int_touched_units") }} where unit_id = '')
    )
{%- endmacro %}
