{#
    An interval holds the value it was made for: low <= value <= high, and low <= high. NULL on any side is no
    statement about that side. A difference of 1e-9 is rounding.

        data_tests:
          - interval_contains:
              arguments:
                value: retention_ratio
                low: retention_ratio_low
                high: retention_ratio_high
#}
{% test interval_contains(model, value, low, high) %}

    select * from {{ model }} where {{ fault_of_interval_contains(value, low, high) }}

{% endtest %}
