{#
    A row over fewer learners than var `minimum_group_size` shows none of the values and says so in its flag; a row
    over enough learners does not claim to be suppressed.

        data_tests:
          - is_suppressed_below:
              arguments:
                group_size: cohort_size
                columns: [active_count, retention_ratio]
#}
{% test is_suppressed_below(model, group_size, columns, flag="is_suppressed") %}

    select *
    from {{ model }}
    where {{ fault_of_is_suppressed_below(group_size, columns, flag) }}

{% endtest %}
