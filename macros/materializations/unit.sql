{#
    dbt-clickhouse's unit test, but for one run of the model's query: its rows go to a temporary table, which tells the
    types of the columns and is compared with the rows that are expected. dbt makes an empty table for the types, which
    plans and runs the query a second time: of the 7.5 CPU seconds that a unit test of stg_xapi__statements cost the
    engine, 5.
#}
{%- materialization unit, adapter = "clickhouse" -%}
    {%- set actual = "`" ~ this.identifier ~ "__dbt_tmp`" -%}
    {%- do run_query(
        "create temporary table "
        ~ actual
        ~ " as ("
        ~ sql
        ~ "\n) "
        ~ query_settings_of(model)
    ) -%}
    {%- set types, quoted = {}, {} -%}
    {%- for described in run_query("describe table " ~ actual).rows -%}
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
        {{ get_unit_test_sql("select * from " ~ actual, expected, tested_quoted) }}
    {%- endcall -%}
    {%- do run_query("drop table " ~ actual) -%}
    {{ return({"relations": []}) }}
{%- endmaterialization -%}
