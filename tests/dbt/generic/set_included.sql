{#
    Every combination of these columns exists in the other model: `relationships` for a key of several columns.
    A combination with a NULL in it points nowhere and is fine. `fields` are the columns there, in the same order;
    left out, they have the same names. A warning, as `relationships` is.

        data_tests:
          - set_included:
              arguments:
                columns: [learner_id, course_id]
                to: ref('fct_enrolments')
#}
{% test set_included(model, columns, to, fields=none) %}
    {{- config(severity="warn") }}

    select distinct {{ columns | join(", ") }}
    from {{ model }}
    where {{ fault_of_set_included(columns, to, fields) }}

{% endtest %}
