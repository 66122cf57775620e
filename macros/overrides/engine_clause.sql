{#
    dbt-clickhouse's, with one addition: on target `cluster` a table of the MergeTree family is replicated. The engine gets
    no arguments, for its place in Keeper is the database's to choose.
#}
{% macro engine_clause() %}
    {%- set engine = config.get("engine", default="MergeTree()") -%}
    {%- if target.name == "cluster" and not engine.startswith("Replicated") -%}
        {%- set engine = "Replicated" ~ engine -%}
    {%- endif %}
    engine = {{ engine }}
{%- endmacro -%}
