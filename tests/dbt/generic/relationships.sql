{#
    dbt's own test, as a warning: every value exists in the other model, and NULL points nowhere. What learners' systems
    send can break it, so that it must not fail the job of everyone's marts; `warehouse status` shows it.

        data_tests:
          - relationships:
              arguments:
                to: ref('dim_courses')
                field: course_id
#}
{% test relationships(model, column_name, to, field) %}
    {{- config(severity="warn") }}

    select {{ column_name }}
    from {{ model }}
    where {{ fault_of_relationships(column_name, to, field) }}

{% endtest %}
