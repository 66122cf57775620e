{#
    What is wrong with a row, for each data test that judges row by row: one condition, used by the test itself
    (tests/dbt/generic) and by the query for all tests of a table (write_test_queries.sql).
    A row for which the condition is NULL is not at fault.
#}
{# The value is outside the bounds. Asks for what must hold, because a comparison with NaN is false. #}
{% macro fault_of_accepted_range(column_name, min_value=none, max_value=none) %}
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
    {%- endif -%}
    not ({{ bounds | join(" and ") }})
{%- endmacro %}

{# The value is not listed. As in dbt's own accepted_values. #}
{% macro fault_of_accepted_values(column_name, values, quote=true) %}
    {%- set mark = "'" if quote else "" -%}
    {%- set listed = [] -%}
    {%- for value in values -%}
        {%- do listed.append(mark ~ value ~ mark) -%}
    {%- endfor -%}
    {{ column_name }} not in ({{ listed | join(", ") }})
{%- endmacro %}

{# The text is NULL or ''. #}
{% macro fault_of_not_empty(column_name) -%}
    ifNull(toString({{ column_name }}), '') = ''
{%- endmacro %}

{# The value is outside its interval, or the interval is upside down; a difference of 1e-9 is rounding. #}
{% macro fault_of_interval_contains(value, low, high) -%}
    not ({{ low }} <= {{ value }} + 1e-9)
    or not ({{ value }} <= {{ high }} + 1e-9)
    or not ({{ low }} <= {{ high }} + 1e-9)
{%- endmacro %}

{# The flag disagrees with the size of the group, or a small group shows a value. #}
{% macro fault_of_is_suppressed_below(group_size, columns, flag="is_suppressed") %}
    {%- set minimum = var("minimum_group_size") -%}
    {%- set shown = [] -%}
    {%- for column in columns -%}
        {%- do shown.append("isNotNull(" ~ column ~ ")") -%}
    {%- endfor -%}
    ({{ group_size }} < {{ minimum }}) != {{ flag }}
    or ({{ group_size }} < {{ minimum }} and ({{ shown | join(" or ") }}))
{%- endmacro %}

{# The value is not in the other model; NULL points nowhere. #}
{% macro fault_of_relationships(column_name, to, field) -%}
    isNotNull({{ column_name }})
    and {{ column_name }} not in (select {{ field }} from {{ to }})
{%- endmacro %}

{# The combination is not in the other model; one with a NULL in it points nowhere. #}
{% macro fault_of_set_included(columns, to, fields=none) %}
    {%- set known = [] -%}
    {%- for column in columns -%}
        {%- do known.append("isNotNull(" ~ column ~ ")") -%}
    {%- endfor -%}
    {{ known | join(" and ") }}
    and ({{ columns | join(", ") }}) not in (
        select {{ (fields if fields is not none else columns) | join(", ") }}
        from {{ to }}
    )
{%- endmacro %}
