{#
    dbt-clickhouse's unit test, but for one query: the types of the model's columns come from `describe`, which only
    analyses the query. dbt creates an empty table from it, which plans and runs the query a second time: of the
    7.5 CPU seconds that a unit test of stg_xapi__statements cost the engine, 5.
#}
{%- materialization unit, adapter = "clickhouse" -%}
    {%- set types, quoted = {}, {} -%}
    {%- for described in run_query("describe (" ~ sql ~ "\n)").rows -%}
        {%- set column = api.Column(described[0], described[1]) -%}
        {%- do types.update({column.name | lower: column.data_type}) -%}
        {%- do quoted.update({column.name | lower: column.quoted}) -%}
    {%- endfor -%}

    {%- set expected_rows = config.get("expected_rows") -%}
    {%- set tested = expected_rows[0].keys() if expected_rows else types.keys() -%}
    {%- set tested_quoted = [] -%}
    {%- for name in tested -%}
        {%- do tested_quoted.append(quoted[name | lower]) -%}
    {%- endfor -%}

    {%- set expected = config.get("expected_sql") or get_expected_sql(
        expected_rows, types, quoted
    ) -%}
    {%- call statement("main", fetch_result=True) -%}
        {{ get_unit_test_sql(sql, expected, tested_quoted) }}
    {%- endcall -%}
    {{ return({"relations": []}) }}
{%- endmaterialization -%}
