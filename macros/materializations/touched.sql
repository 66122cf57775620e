{#
    Materialization `touched`: a table of which a run recomputes the units that were touched, published at once.

    The model's SQL yields the whole table, or, where `is_touched_build()` is true, the rows of some units, all of them: what
    was there of these units and is not among the rows goes. A model that never asks `is_touched_build()` has no `replaces`
    and is built whole in each run. One that asks `is_in_batch("learner_id")` is built whole in one insert for each
    `build_batch_lines` of history (or several times as many: `size`), each of a range of learners, or of a month and a
    range of learners (`is_in_month_of`), into the table that is published when all are in.

        {{ config(
            materialized="touched",
            replaces="statement_key in (select statement_key from {{ ref('int_touched_statements') }})",
            partition_by="toYYYYMM(occurred_at)",
            order_by=["learner_id", "occurred_at", "statement_id"],
            tags=["near_real_time"],
        ) }}
        {%- set touched = ref("int_touched_statements") -%}
        select … from {{ ref("stg_xapi__statements") }}
        {% if is_touched_build() %} where statement_key in (select statement_key from {{ touched }})
        {% else %} where {{ is_in_batch("learner_id") }}
        {% endif %}

    Config
      replaces      SQL condition over the table as it was: which of its rows belong to the touched units. Jinja is
                    rendered when the table is published; what it names with `ref` must be named in the model's SQL too,
                    outside `{% if is_touched_build() %}`, or dbt does not know the order. Naming too many units costs time;
                    a unit that is named here and not recomputed is lost, one that is recomputed and not named is
                    doubled.
      has_new       query (Jinja) that has rows where a run on touched units may have new rows. Without them the model's SQL
                    is not run: of staging it has 90 kB, and to analyse it takes 0.7 CPU seconds. Rows of `replaces`
                    still go.
      basis         list of queries (Jinja) whose rows decide about every row of the table, such as the catalogue. If
                    they change, the table is built whole. Seeds need not be named.
      sampled_by    column of the unit by which the nightly job takes a sample of the table, builds it by the SQL of the
                    whole table, and compares (`write_sampled_rebuilds`). Where the SQL has a mark `is_in_batch` or
                    `is_in_sample` of this column, a row depends on rows of its own unit only.
      sampled_among condition on the table (Jinja): the rows that a rebuild would have, where the table keeps others too.
      codecs        of columns, by name, where the engine's LZ4 saves little. Of an id of 36 hex digits it keeps 35 bytes and
                    ZSTD(1) 17, of a moment 5.5 and 3.0, of a silence 4.2 and 2.8. What history is looked through by
                    stays as it is: LZ4 is the faster to read.
      engine, order_by, primary_key, partition_by, settings, query_settings, indexes, projections, ttl, contract, grants,
      persist_docs, hooks: as in dbt-clickhouse's `table`.
      tags          every model with `replaces` has the tag of the most frequent job: what a run touched counts as consumed
                    only when all of them succeeded in it (`consume_touched`).

    When it is built whole: there is no table, the basis changed, a table that it is made from was built whole,
    `--full-refresh`, or touched objects have more of the lines than the var `rebuild_touched_ratio`. The basis is a
    hash of the SQL of the whole table with all macros and vars in it, layout, contract, seeds, queries of `basis`, code
    and vars of the plain models below, the basis of the touched ones, and the state from which consumption is counted.
    It stands in the table's comment, which is written before the table is published, so that no table ever passes for
    one of another basis. Vars that a plain model below reads through a macro only are not seen: name such a model in
    `basis`, or say `--full-refresh`.

    How it is published: the new rows go into an aside. Old rows of the touched units and new rows are compared by a
    hash of the whole row, partition by partition. If nothing differs, nothing happens. Otherwise a clone of the table
    (hard links) is made, in which the partitions that differ are others: where rows were only added they are added,
    where few of many go they are deleted (var `thinned_partition_rows`), elsewhere the partition is filled again. Then
    clone and table are exchanged, in one rename. So readers see the old table or the new one, and the cost of a
    partition in which nothing differs is the look at its old rows. Deleted rows are masked until the engine merges
    their parts: `system.parts` counts them, queries do not.

    When it is killed: the table is as it was, or as it should be. Asides (`<table>__touched_new_…`, `…_next_…`) stay
    and the next run of this model drops them. An interrupted first build leaves no table. Nothing is consumed.

    Limits: MergeTree engines in an Atomic or Replicated database, and on replicas one of them for the whole run: what it
    was told a moment ago is compared and attached. Two runs at once over the same schema are not supported: each would
    drop the other's asides.
#}
{% materialization touched, adapter = "clickhouse" %}
    {%- set target = this.incorporate(type="table") -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set run = touched_run() -%}
    {%- set aside = touched_aside(target, "new") -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- do drop_tables(target, run.leftovers) -%}
    {%- if existing is not none -%} {%- do require_exchange(existing) -%} {%- endif -%}

    {%- if run.is_touched_build -%}
        {%- do publish_touched_units(target, aside, sql, run) -%}
    {%- else -%} {%- do publish_whole(target, aside, sql, run) -%}
    {%- endif -%}

    {%- do apply_grants(
        target,
        config.get("grants"),
        should_revoke(existing, full_refresh_mode=True),
    ) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({"relations": [target]}) }}
{% endmaterialization %}

{% macro touched_aside(target, role) %}
    {{
        return(
            target.incorporate(
                path={
                    "identifier": target.identifier
                    ~ "__touched_"
                    ~ role
                    ~ "_"
                    ~ invocation_id[:8]
                }
            )
        )
    }}
{% endmacro %}

{# In one statement, for each request takes some milliseconds. #}
{% macro drop_tables(target, names) %}
    {%- set tables = [] -%}
    {%- for name in names -%}
        {%- do tables.append(target.incorporate(path={"identifier": name}) | string) -%}
    {%- endfor -%}
    {%- if tables -%}
        {%- do run_query("drop table if exists " ~ tables | join(", ")) -%}
    {%- endif -%}
{% endmacro %}

{#
    What the table's comment says: the model's description, the basis, the run that built the table whole, and a hash of
    the columns' descriptions.
#}
{% macro touched_comment(run) %}
    {%- set columns = [] -%}
    {%- if config.persist_column_docs() -%}
        {%- for column in model.columns.values() -%}
            {%- do columns.append(column.name ~ " " ~ column.description) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set description = (
        model.description | trim ~ "\n\n"
        if config.persist_relation_docs() and model.description
        else ""
    ) -%}
    {# A table that every run builds whole is, to those made from it, like any plain one. #}
    {%- set whole = (
        "[whole " ~ invocation_id ~ "]" if config.get("replaces") else ""
    ) -%}
    {%- if run.is_touched_build -%}
        {%- set whole = modules.re.search(
            "\\[whole [0-9a-f-]+]", run.comment
        ).group() -%}
    {%- endif -%}
    {{
        return(
            description
            ~ "[basis "
            ~ run.basis
            ~ "] "
            ~ whole
            ~ " [columns "
            ~ local_md5(columns | join("\n"))[:8]
            ~ "]"
        )
    }}
{% endmacro %}

{% macro write_touched_comments(relation, run) %}
    {%- set comments = [
        "modify comment " ~ clickhouse_escape_comment(touched_comment(run))
    ] -%}
    {%- if config.persist_column_docs() -%}
        {%- for column in model.columns.values() if column.description -%}
            {%- do comments.append(
                "comment column if exists `"
                ~ column.name
                ~ "` "
                ~ clickhouse_escape_comment(column.description)
            ) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do run_query(one_alter_relation(relation, comments | join(", "))) -%}
{% endmacro %}

{# Of an empty table, from which those that are made like it have them too. #}
{% macro set_codecs(relation) %}
    {%- set changes = [] -%}
    {%- for name, codec in config.get("codecs", {}).items() -%}
        {%- do changes.append("modify column `" ~ name ~ "` codec(" ~ codec ~ ")") -%}
    {%- endfor -%}
    {%- if changes -%}
        {%- do run_query(one_alter_relation(relation, changes | join(", "))) -%}
    {%- endif -%}
{% endmacro %}

{# The whole table: built aside, with its basis, and published in one rename. #}
{% macro publish_whole(target, aside, sql, run) %}
    {%- do create_described_table(aside, sql) -%}
    {%- do set_codecs(aside) -%}
    {%- do write_touched_comments(aside, run) -%}
    {%- for batch in in_batches(sql, run.snapshot["line_count"]) -%}
        {%- call statement("main") -%}
            {{ insert_of_model(aside, batch) }}
        {%- endcall -%}
    {%- endfor -%}
    {%- if "MergeTree" in run.engine -%}
        {%- do exchange_tables_atomic(aside, target) -%}
        {%- do drop_tables(target, [aside.identifier]) -%}
    {%- else -%}
        {%- if run.engine -%} {%- do drop_tables(target, [target.identifier]) -%}
        {%- endif -%}
        {%- do rename_table(aside, target) -%}
    {%- endif -%}
{% endmacro %}
