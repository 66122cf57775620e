{#
    Materialization `table`, in place of dbt-clickhouse's: the same tables with fewer statements, for most of a small
    increment's time went into statements about tables and not into their rows. The columns come from the contract
    instead of from the engine, and with a contract all comments are part of CREATE.

    The table is filled aside and published in one rename, the first time as well: killed anywhere, the old table is
    whole, or does not exist (as when a view stood there, which goes before the rename). The aside,
    `<table>__dbt_backup`, stays, and the next run of this model drops it.

    Config: as in dbt-clickhouse's `table`, and `codecs` as in `touched`. Limits: a database whose engine is Atomic or
    Replicated; no materialized views that write into the table.
#}
{% materialization table, adapter = "clickhouse" %}
    {%- set target = this.incorporate(type="table") -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set aside = make_backup_relation(target, "table") -%}
    {%- set is_exchanged = existing is not none and existing.type == "table" -%}
    {%- if is_exchanged -%} {%- do require_exchange(existing) -%} {%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if load_cached_relation(aside) is not none -%}
        {%- do drop_tables(target, [aside.identifier]) -%}
    {%- endif -%}
    {%- do create_described_table(aside, sql) -%}
    {%- do set_codecs(aside) -%}
    {%- call statement("main") -%} {{ insert_of_model(aside, sql) }} {%- endcall -%}
    {%- if is_exchanged -%}
        {%- do exchange_tables_atomic(aside, target) -%}
        {%- do drop_tables(target, [aside.identifier]) -%}
    {%- else -%}
        {%- if existing is not none -%}
            {%- do drop_tables(target, [target.identifier]) -%}
        {%- endif -%}
        {%- do rename_table(aside, target) -%}
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

{% macro require_exchange(existing) %}
    {%- if not existing.can_exchange -%}
        {%- do exceptions.raise_compiler_error(
            "Materialization "
            ~ config.get("materialized")
            ~ " exchanges tables, which database "
            ~ existing.schema
            ~ " cannot; expected one with the engine Atomic or Replicated."
        ) -%}
    {%- endif -%}
{% endmacro %}

{% macro rename_table(from, to) %}
    {%- do run_query("rename table " ~ from ~ " to " ~ to) -%}
{% endmacro %}

{# An empty table with its comments: of the contract's columns, or else of those that the SQL has. #}
{% macro create_described_table(relation, sql) %}
    {%- set has_contract = config.get("contract").enforced -%}
    {%- call statement("create_table_empty") -%}
        create table {{ relation }}
        {%- if has_contract %}
            {{ get_assert_columns_equivalent(sql) }} ({{ contract_columns() }})
        {%- endif %}
        {{ engine_clause() }}
        {{ order_cols(label="order by") }}
        {{ primary_key_clause(label="primary key") }}
        {{ partition_cols(label="partition by") }}
        {{ ttl_config(label="ttl") }}
        {{
            adapter.get_model_settings(
                model, config.get("engine", default="MergeTree")
            )
        }}
        {%- if config.persist_relation_docs() and model.description %}
            comment {{ clickhouse_escape_comment(model.description) }}
        {%- endif %}
        {%- if not has_contract %}
            empty as ({{ sql }}) {{ query_settings_of(model) }}
        {%- endif %}
    {%- endcall -%}
    {%- do add_index_and_projections(relation) -%}
    {%- if not has_contract -%}
        {%- do persist_docs(relation, model, for_relation=False) -%}
    {%- endif -%}
{% endmacro %}

{# The contract's columns as CREATE wants them: name, type, comment, codec and TTL. #}
{% macro contract_columns() %}
    {%- set written = [] -%}
    {%- for column in model.columns.values() -%}
        {%- set comment = (
            " comment " ~ clickhouse_escape_comment(column.description)
            if config.persist_column_docs() and column.description
            else ""
        ) -%}
        {%- set codec = " codec(" ~ column.codec ~ ")" if column.codec else "" -%}
        {%- set ttl = " ttl " ~ column.ttl if column.ttl else "" -%}
        {%- do written.append(
            adapter.quote(column.name)
            ~ " "
            ~ column.data_type
            ~ comment
            ~ codec
            ~ ttl
        ) -%}
    {%- endfor -%}
    {{ return(written | join(",\n")) }}
{% endmacro %}

{% macro contract_column_names() %}
    {%- set names = [] -%}
    {%- for name in model.columns -%}
        {%- do names.append(adapter.quote(name)) -%}
    {%- endfor -%}
    {{ return(names | join(", ")) }}
{% endmacro %}

{# Without a contract the table was made from this very SQL, and has its columns in its order. #}
{% macro insert_of_model(relation, sql) %}
    insert into {{ relation }}
    {%- if config.get("contract").enforced %}
        ({{ contract_column_names() }})
        select {{ contract_column_names() }} from (
        {{ sql }}
        )
    {%- else %} {{ sql }}
    {%- endif %}
    {{ query_settings_of(model) }}
{% endmacro %}
