{#
    Every value lies between the bounds, both included; leave one out for a range that is open on that side.
    NULL is fine (say `not_null` beside it when it is not). NaN and infinity beyond a bound are failures: a comparison
    with NaN is false, so the test asks for what must hold and not for what must not.

        data_tests:
          - accepted_range:
              arguments:
                min_value: 0
                max_value: 1
#}
{% test accepted_range(model, column_name, min_value=none, max_value=none) %}

    select *
    from {{ model }}
    where {{ fault_of_accepted_range(column_name, min_value, max_value) }}

{% endtest %}
