{#
    Hook at the end of a run that leaves its data tests to one look: writes what each test asks into the table that
    WAREHOUSE_TEST_QUERIES names, as the scheduled jobs set it, and the job asks it of the engine, one query per table
    (orchestration/assets/look.py). As nodes of dbt, the tests of a small drop took three quarters of dbt's time.
    Written are the tests of which a model was built in this run: a long build goes in parts, and the job, which knows
    them all, asks those whose models were all built (`due_tests`), as `--indirect-selection cautious` would.

    Other runs leave the variable empty, and their tests are nodes of dbt.
#}
{% macro write_test_queries(results) %}
    {%- set table = env_var("WAREHOUSE_TEST_QUERIES", "") if execute else "" -%}
    {%- if table -%}
        {%- set built = [] -%}
        {%- for result in results if result.status == "success" -%}
            {%- do built.append(result.node.unique_id) -%}
        {%- endfor -%}
        {%- set rows = [] -%}
        {%- for node in graph.nodes.values() if node.resource_type == "test" -%}
            {%- if node.depends_on.nodes | select("in", built) | list -%}
                {%- do rows.append(
                    dict(
                        data_test_queries(node),
                        invocation_id=invocation_id,
                        test=node.unique_id,
                    )
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {{ return(insert_json_rows(table, rows)) }}
    {%- endif -%}
{% endmacro %}

{#
    What a data test asks: `faulty_rows` is the query that dbt itself would run; `fault_count` counts its rows, either
    as an aggregate over `relation`, where the test judges row by row, or, with no relation, by itself.
#}
{% macro data_test_queries(node) %}
    {%- set whole = node.config.fail_calc == "count(*)" and not node.config.limit -%}
    {%- set count = none -%}
    {%- set relation = "" -%}
    {%- if node.get("test_metadata") -%}
        {%- set name = node.test_metadata.name -%}
        {%- set arguments = data_test_arguments(node) -%}
        {%- set relation = tested_rows(node) -%}
        {%- set rows = context["test_" ~ name](model=relation, **arguments) -%}
        {%- set count = count_of_faulty_rows(name, arguments) if whole else none -%}
    {%- else -%} {%- set rows = render_with_relations(node.raw_code) -%}
    {%- endif -%}
    {%- set rows = rows | trim -%}
    {%- if count is none -%}
        {%- set limit = " limit " ~ node.config.limit if node.config.limit else "" -%}
        {%- set relation = "" -%}
        {%- set count = (
            "(select "
            ~ node.config.fail_calc
            ~ " from (\n"
            ~ rows
            ~ "\n"
            ~ limit
            ~ ") as dbt_internal_test)"
        ) -%}
    {%- endif -%}
    {{
        return(
            {
                "relation": relation | string,
                "fault_count": count,
                "faulty_rows": rows,
            }
        )
    }}
{% endmacro %}

{#
    The aggregate that counts the rows which the test returns; none where a test does not judge row by row.
    Two tests return each faulty value once, however many rows have it.
#}
{% macro count_of_faulty_rows(name, arguments) %}
    {%- set fault_of = context.get("fault_of_" ~ name) -%}
    {%- if fault_of is none -%} {{ return(none) }} {%- endif -%}
    {%- set fault = fault_of(**arguments) | trim -%}
    {%- if name == "accepted_values" -%}
        {{ return("uniqExactIf(" ~ arguments.column_name ~ ", " ~ fault ~ ")") }}
    {%- elif name == "set_included" -%}
        {{
            return(
                "uniqExactIf((" ~ arguments.columns
                | join(", ") ~ "), " ~ fault ~ ")"
            )
        }}
    {%- endif -%}
    {{ return("countIf(" ~ fault ~ ")") }}
{% endmacro %}

{# The rows that a test is about: those of its model, or some of them when it has a `where`. #}
{% macro tested_rows(node) %}
    {%- set relation = graph.nodes[node.attached_node].relation_name -%}
    {%- if node.config.where -%}
        {{
            return(
                "(select * from "
                ~ relation
                ~ " where "
                ~ node.config.where
                ~ ") dbt_subquery"
            )
        }}
    {%- endif -%}
    {{ return(relation) }}
{% endmacro %}

{# A test's arguments as its macro takes them: text that calls `ref` and the like is rendered, as dbt does. #}
{% macro data_test_arguments(node) %}
    {%- set arguments = {} -%}
    {%- for name, value in node.test_metadata.kwargs.items() if name != "model" -%}
        {%- set calls = (
            value is string
            and name != "column_name"
            and modules.re.match(" *(ref|var|source|env_var) *[(]", value)
        ) -%}
        {%- if calls -%}
            {%- do arguments.update(
                {name: render_with_relations("{{ " ~ value ~ " }}")}
            ) -%}
        {%- elif value is string and "{{" in value -%}
            {%- do arguments.update({name: render_with_relations(value)}) -%}
        {%- else -%} {%- do arguments.update({name: value}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(arguments) }}
{% endmacro %}

{# The SQL of a test with `ref` answered from the graph: a hook may not use dbt's own for models it does not name. #}
{% macro render_with_relations(text) %}
    {{ return(render("{% set ref = relation_of %}" ~ text)) }}
{% endmacro %}

{% macro relation_of(name) %}
    {%- for kind in ["model", "seed", "snapshot"] -%}
        {%- set node = graph.nodes.get(kind ~ "." ~ project_name ~ "." ~ name) -%}
        {%- if node -%} {{ return(node.relation_name) }} {%- endif -%}
    {%- endfor -%}
    {{
        exceptions.raise_compiler_error(
            "A data test refers to '"
            ~ name
            ~ "', which is no model, seed or snapshot here."
        )
    }}
{% endmacro %}
