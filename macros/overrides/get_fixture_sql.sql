{#
    dbt's rows that stand for a model or seed in a unit test, as one `values` table of the columns that any of them names.
    dbt writes a `select` of all columns for each row: of fifty columns the engine analyses hundreds of casts, which took
    half of a unit test's time. A column that no row names is a constant, as with dbt.
#}
{% macro get_fixture_sql(rows, column_name_to_data_types) %}
    {%- set types = column_name_to_data_types or {} -%}
    {%- if not types -%}
        {%- for column in adapter.get_columns_in_relation(this) -%}
            {%- do types.update({column.name | lower: column.data_type}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if not types -%}
        {{
            exceptions.raise_compiler_error(
                "The unit test needs the columns of " ~ this ~ ", which is not built."
            )
        }}
    {%- endif -%}

    {%- set given, named = [], {} -%}
    {%- for row in rows -%}
        {%- set cells = format_row(row, types) -%}
        {%- do given.append(cells) -%}
        {%- do named.update(cells) -%}
    {%- endfor -%}
    {%- set structure = [] -%}
    {%- for name in named -%}
        {%- do structure.append("`" ~ name ~ "` " ~ types[name]) -%}
    {%- endfor -%}
    {%- set tuples = [] -%}
    {%- for cells in given -%}
        {%- set tuple = [] -%}
        {%- for name in named -%}
            {%- do tuple.append(cells[name] or safe_cast("null", types[name])) -%}
        {%- endfor -%}
        {%- do tuples.append("(" ~ tuple | join(", ") ~ ")") -%}
    {%- endfor -%}
    {%- set text = structure | join(", ") | replace("'", "\\'") -%}
    select
        {%- for name, type in types.items() %}
            {% if name in named %} `{{ name }}`
            {%- else %} {{ safe_cast("null", type) | trim }} as `{{ name }}`
            {%- endif %}
            {%- if not loop.last %}, {% endif %}
        {%- endfor %}
    {% if tuples -%} from values ('{{ text }}', {{ tuples | join(", ") }})
    {%- else -%} limit 0
    {%- endif %}
{% endmacro %}
