{#
    dbt-clickhouse's check of a contract, which runs the model's query with `limit 0`. The engine plans all of it for that
    and fills the right sides of its joins: of a run on a small drop it took a twentieth. Here the query is described,
    which resolves names and types only. Raises what dbt raises where columns or types are others than the contract's.
#}
{% macro clickhouse__get_assert_columns_equivalent(sql) -%}
    {%- set declared = model.columns.values() | list -%}
    {%- set described = [] -%}
    {%- for row in run_query(
        "describe table (\n" ~ sql ~ "\n) " ~ query_settings_of(model)
    ).rows -%}
        {%- do described.append({"name": row["name"], "data_type": row["type"]}) -%}
    {%- endfor -%}
    {%- set types = {} -%}
    {%- for column in declared -%}
        {%- do types.update({column.name: column.data_type}) -%}
    {%- endfor -%}
    {%- if not declared or described | length != declared | length or described | rejectattr(
        "name", "in", types
    ) | list -%}
        {%- do exceptions.raise_contract_error(declared, described) -%}
    {%- endif -%}
    {%- for column in described if column.data_type != types[column.name] -%}
        {%- do exceptions.raise_contract_error(declared, described) -%}
    {%- endfor -%}
{%- endmacro %}
