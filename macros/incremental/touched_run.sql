{#
    What this run does with a `touched` model. Decided once, when the model's SQL is compiled, and kept on its node, so
    that the SQL and the materialization cannot disagree: the rows of some units, published as the whole table, would
    lose all others, and those of the whole table, published as of some units, would double the others.

    can_touch        the table is there, was built on today's basis, and little of the data is touched
    is_touched_build      the model's SQL asked for it, and so yields touched units only
    basis            hash of all that decides the table's rows beside the live objects
    whole_sql        the SQL of the whole table, with the marks of batches and samples in it
    snapshot_id      the snapshot of `int_object_states` that the run reads
    leftovers        asides of runs that were killed
    engine, comment  of the table as it is; empty without one
    columns          of the table as it is, quoted, with commas
#}
{% macro touched_run() %}
    {%- set node = graph.nodes[model.unique_id] -%}
    {%- if node.get("touched_run", {}).get("invocation_id") != invocation_id -%}
        {# Rendering asks again whether to touch. No: what is hashed is the SQL of the whole table. #}
        {%- do node.update(
            {
                "touched_run": {
                    "invocation_id": invocation_id,
                    "can_touch": false,
                }
            }
        ) -%}
        {%- set whole_sql = render(model.raw_code) -%}
        {%- set found = touched_facts() -%}
        {%- set basis = local_md5(
            [whole_sql, touched_layout(), found.facts] | join("\n")
        ) -%}
        {%- do found.update(
            {
                "invocation_id": invocation_id,
                "basis": basis,
                "whole_sql": whole_sql,
                "is_touched_build": false,
                "can_touch": (
                    ("[basis " ~ basis ~ "]") in found.comment
                    and "MergeTree" in found.engine
                    and not is_most(found.snapshot)
                    and not should_full_refresh()
                ),
            }
        ) -%}
        {%- do node.update({"touched_run": found}) -%}
    {%- endif -%}
    {{ return(node["touched_run"]) }}
{% endmacro %}

{# How the table is laid out, as text: another layout is another table. #}
{% macro touched_layout() %}
    {%- set layout = [] -%}
    {%- for name in [
        "engine",
        "order_by",
        "primary_key",
        "partition_by",
        "ttl",
        "settings",
        "indexes",
        "projections",
        "codecs",
    ] -%}
        {%- do layout.append(name ~ "=" ~ config.get(name)) -%}
    {%- endfor -%}
    {%- do layout.append(query_settings_of(model)) -%}
    {%- if config.get("contract").enforced -%}
        {%- for column in model.columns.values() -%}
            {%- do layout.append(column.name ~ " " ~ column.data_type) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(layout | join("\n")) }}
{% endmacro %}

{#
    What the warehouse knows of the table, in one query, for dbt spends some milliseconds on each. As `facts` the rest of
    the basis: the state that consumption is counted from, of every touched ancestor its basis and the run that built it
    whole, the code and vars of the plain ones, and the rows of every seed that is read and of every query in the config `basis`.
#}
{% macro touched_facts() %}
    {%- set ancestors = touched_ancestors() -%}
    {%- set found = {"engine": "", "comment": "", "leftovers": []} -%}
    {%- set facts = ancestors.code -%}
    {%- for row in run_query(touched_facts_sql(ancestors)).rows -%}
        {%- if row["place"] == "nowhere" -%}
            {%- do facts.extend([row["comment"], row["state_id"]]) -%}
            {%- do found.update(
                {
                    "snapshot": row,
                    "snapshot_id": row["snapshot_id"],
                    "columns": row["columns"],
                }
            ) -%}
        {%- elif row["place"] == "itself" -%}
            {%- do found.update(
                {"engine": row["engine"], "comment": row["comment"] or ""}
            ) -%}
        {%- elif row["place"] == "aside" -%}
            {%- do found.leftovers.append(row["name"]) -%}
        {%- else -%}
            {%- do facts.extend(
                modules.re.findall(
                    "\\[(?:basis|whole) [0-9a-f-]+]", row["comment"] or ""
                )
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do found.update({"facts": facts | map("string") | sort | join("\n")}) -%}
    {{ return(found) }}
{% endmacro %}

{% macro touched_facts_sql(ancestors) %}
    {%- set queries = [] -%}
    {%- for node in ancestors.seeds -%}
        {%- do queries.append(
            "select * from `" ~ node.schema ~ "`.`" ~ node.alias ~ "`"
        ) -%}
    {%- endfor -%}
    {%- for query in config.get("basis", []) -%}
        {%- do queries.append(render(query)) -%}
    {%- endfor -%}
    select
        multiIf(
            database = '{{ this.schema }}' and name = '{{ this.identifier }}',
            'itself',
            database = '{{ this.schema }}'
            and match(name, '^{{ this.identifier }}__touched_(new|next)_[0-9a-f]{8}$'),
            'aside',
            'ancestor'
        ) as place,
        name,
        engine,
        comment,
        '' as columns,
        '' as state_id,
        '' as snapshot_id,
        toUInt64(0) as line_count,
        toUInt64(0) as touched_line_count
    from system.tables
    where
        (
            database = '{{ this.schema }}'
            and match(
                name, '^{{ this.identifier }}(__touched_(new|next)_[0-9a-f]{8})?$'
            )
        )
        {%- for node in ancestors.touched %}
            or (database = '{{ node.schema }}' and name = '{{ node.alias }}')
        {%- endfor %}
    union all
    select
        'nowhere' as place,
        '' as name,
        '' as engine,
        toString(
            tuple(
                'rows'
                {%- for query in queries %}
                    ,
                    (
                        select
                            tuple(
                                count(),
                                sum(sipHash64(formatRowNoNewline('RowBinary', *)))
                            )
                        from ({{ query }})
                    )
                {%- endfor %}
            )
        ) as comment,
        (
            select arrayStringConcat(groupArray('`' || name || '`'), ', ')
            from
                (
                    select name
                    from system.columns
                    where
                        database = '{{ this.schema }}'
                        and table = '{{ this.identifier }}'
                    order by position
                )
        ) as columns,
        {{ touched_snapshot_sql() }}
{% endmacro %}

{# Of the snapshot: the state that consumption is counted from, its own id, all lines, and those of touched objects. #}
{% macro touched_snapshot_sql() %}
    {%- set node = touched_states_node() -%}
    {%- set states = "`" ~ node.schema ~ "`.`" ~ node.alias ~ "`" -%}
    (select max(state_id) from {{ states }}) as state_id,
    (select max(snapshot_id) from {{ states }}) as snapshot_id,
    (select sum(line_count) from {{ states }}) as line_count,
    (select sumIf(line_count, is_touched) from {{ states }}) as touched_line_count
{% endmacro %}

{% macro touched_states_node() %}
    {{
        return(
            graph.nodes.values()
            | selectattr("name", "equalto", "int_object_states")
            | first
        )
    }}
{% endmacro %}

{# What the model is made from: touched models and seeds, and the code of the plain models between them and it, with their vars. #}
{% macro touched_ancestors() %}
    {%- set found = {"touched": [], "seeds": [], "code": [], "seen": []} -%}
    {%- do collect_ancestors(model.depends_on.nodes, found) -%}
    {{ return(found) }}
{% endmacro %}

{% macro collect_ancestors(ids, found) %}
    {%- for id in ids -%}
        {%- if id not in found.seen and id in graph.nodes -%}
            {%- do found.seen.append(id) -%}
            {%- set node = graph.nodes[id] -%}
            {%- if node.resource_type == "seed" -%} {%- do found.seeds.append(node) -%}
            {%- elif node.config.materialized == "touched" -%}
                {%- do found.touched.append(node) -%}
            {%- else -%}
                {%- do found.code.append(node.name ~ " " ~ node.checksum.checksum) -%}
                {%- for name in modules.re.findall(
                    "var\\(\\s*[\"'](\\w+)", node.raw_code or ""
                ) -%}
                    {%- do found.code.append(name ~ " = " ~ var(name)) -%}
                {%- endfor -%}
                {%- do collect_ancestors(node.depends_on.nodes, found) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}
