{#
    Every row has a text in this column: neither NULL nor ''. Identifiers are plain strings, and a join that finds
    nothing gives '' in ClickHouse, which `not_null` lets pass.

        data_tests:
          - not_empty
#}
{% test not_empty(model, column_name) %}

    select * from {{ model }} where {{ fault_of_not_empty(column_name) }}

{% endtest %}
