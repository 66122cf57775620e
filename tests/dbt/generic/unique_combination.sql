{#
    No two rows share the values of all these columns: the key test of a model whose key is more than one column.
    NULL counts as a value here, so two rows with the same NULL in the key fail.

        data_tests:
          - unique_combination:
              arguments:
                columns: [learner_id, video_id]
#}
{% test unique_combination(model, columns) %}

    select {{ columns | join(", ") }}, count() as row_count
    from {{ model }}
    group by {{ columns | join(", ") }}
    having row_count > 1

{% endtest %}
