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

    {%- if min_value is none and max_value is none -%}
        {{
            exceptions.raise_compiler_error(
                "accepted_range on "
                ~ column_name
                ~ " has neither min_value nor max_value; give at least one of them."
            )
        }}
    {%- endif -%}
    {%- set bounds = [] -%}
    {%- if min_value is not none -%}
        {%- do bounds.append(column_name ~ " >= " ~ min_value) -%}
    {%- endif -%}
    {%- if max_value is not none -%}
        {%- do bounds.append(column_name ~ " <= " ~ max_value) -%}
    {%- endif %}

    select *
    from {{ model }}
    where not ({{ bounds | join(" and ") }})

{% endtest %}
