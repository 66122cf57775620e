{#
    Hook at the end of a run: marks as consumed what the run touched, if every `touched` model that recomputes units and
    every model of the dirty set (tag `touched_set`) succeeded in it, on one snapshot, which still stands. Otherwise all stays touched, and the
    next run recomputes it with what is new by then: recomputing twice gives the same.
#}
{% macro consume_touched(results) %}
    {%- if execute and is_everything_built(results) -%}
        {%- set node = touched_states_node() -%}
        {%- set states = api.Relation.create(
            schema=node.schema, identifier=node.alias, type="table"
        ) -%}
        {%- set snapshot_id = run_query("select " ~ touched_snapshot_sql()).rows[0][
            "snapshot_id"
        ] -%}
        {%- set used = touched_snapshots_used() -%}
        {%- if snapshot_id and used == [snapshot_id] -%}
            {%- set aside = states.incorporate(
                path={"identifier": states.identifier ~ "__consumed"}
            ) -%}
            {%- do run_query("create or replace table " ~ aside ~ " as " ~ states) -%}
            {%- do run_query(
                "insert into "
                ~ aside
                ~ " select * replace (1 as is_consumed, 0 as is_touched) from "
                ~ states
                ~ " where is_live and snapshot_id = '"
                ~ snapshot_id
                ~ "'"
            ) -%}
            {%- do exchange_tables_atomic(aside, states) -%}
            {%- do run_query("drop table " ~ aside) -%}
        {%- elif snapshot_id is not none -%}
            {%- do log(
                "The snapshot of live objects changed during the run: nothing counts as consumed, and the next run "
                ~ "looks at the same objects again. Was another dbt at work on this warehouse?",
                info=True,
            ) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}

{% macro is_everything_built(results) %}
    {%- set succeeded = [] -%}
    {%- for result in results if result.status == "success" -%}
        {%- do succeeded.append(result.node.unique_id) -%}
    {%- endfor -%}
    {%- set needed = [] -%}
    {%- for node in graph.nodes.values() -%}
        {%- if node.resource_type == "model" and (
            (
                node.config.materialized == "touched"
                and node.config.get("replaces")
            )
            or "touched_set" in node.tags
        ) -%}
            {%- do needed.append(node.unique_id) -%}
        {%- endif -%}
    {%- endfor -%}
    {{
        return(
            needed | length > 0
            and needed | reject("in", succeeded) | list | length == 0
        )
    }}
{% endmacro %}

{# The snapshots that this run's models looked at: one, unless another run renewed it meanwhile. #}
{% macro touched_snapshots_used() %}
    {%- set used = [] -%}
    {%- for node in graph.nodes.values() if node.get("touched_run", {}).get("invocation_id") == invocation_id -%}
        {%- if node["touched_run"].snapshot_id not in used -%}
            {%- do used.append(node["touched_run"].snapshot_id) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(used) }}
{% endmacro %}
