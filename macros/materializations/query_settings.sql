{#
    Settings at the end of every query that fills a table, describes its columns or rebuilds a sample of it: what all
    tables share, and over it the model's config `query_settings`. They stand in the SQL and not in the profile, so that
    the nightly job, which carries out rebuilds without dbt, has them too.

    enable_named_columns_in_function_tuple: elements of a tuple are named as its arguments, and read by name:
    `(occurred_at, verb)` has `.occurred_at` and `.verb`. With one argument that is no column, none has a name: name it
    in the step before, or cast the tuple. Views do not get the setting: readers would have to set it.

    allow_reorder_prewhere_conditions: where touched units are sought, conditions are checked as they are written. What
    that saves stands in touched_rows.sql.

    max_partitions_per_insert_block: a `touched` table has a partition for each month, and a first build may bring more
    than the engine's 100.
#}
{% macro query_settings_of(node) %}
    {%- set settings = {"enable_named_columns_in_function_tuple": 1} -%}
    {%- if node.config.materialized == "touched" or "touched_set" in node.tags -%}
        {%- do settings.update(
            {
                "allow_reorder_prewhere_conditions": 0,
                "max_partitions_per_insert_block": 0,
            }
        ) -%}
    {%- endif -%}
    {%- do settings.update(node.config.get("query_settings") or {}) -%}
    {%- set written = [] -%}
    {%- for name, value in settings.items() -%}
        {%- do written.append(
            name ~ " = " ~ ("'" ~ value ~ "'" if value is string else value)
        ) -%}
    {%- endfor -%}
    {{ return("settings " ~ written | join(", ")) }}
{% endmacro %}
