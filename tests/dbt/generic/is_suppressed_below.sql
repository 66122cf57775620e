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

    {%- set minimum = var("minimum_group_size") -%}
    {%- set shown = [] -%}
    {%- for column in columns -%}
        {%- do shown.append("isNotNull(" ~ column ~ ")") -%}
    {%- endfor %}

    select *
    from {{ model }}
    where
        ({{ group_size }} < {{ minimum }}) != {{ flag }}
        or ({{ group_size }} < {{ minimum }} and ({{ shown | join(" or ") }}))

{% endtest %}
