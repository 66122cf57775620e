{# The second half of the materialization `touched`: publishing the rows of some units. See there. #}
{% macro publish_touched_units(target, aside, sql, run) %}
    {%- set replaces = render(config.require("replaces")) | trim -%}
    {%- set columns = run.columns -%}
    {%- set settings = adapter.get_model_query_settings(model) -%}

    {%- do run_query("create table " ~ aside ~ " as " ~ target) -%}
    {%- call statement("main") -%}
        insert into {{ aside }} ({{ columns }})
        select {{ columns }} from (
        {{ sql }}
        )
        {{ settings }}
    {%- endcall -%}

    {%- set changes = touched_changes(target, aside, replaces) -%}
    {%- if changes.dropped or changes.attached or changes.added -%}
        {%- set next = touched_aside(target, "next") -%}
        {%- do run_query("create table " ~ next ~ " clone as " ~ target) -%}
        {%- do exchange_partitions(next, aside, changes) -%}
        {%- do fill_partitions(target, aside, next, columns, replaces, changes) -%}
        {%- if run.comment != touched_comment(run) -%}
            {%- do write_touched_comments(next, run) -%}
        {%- endif -%}
        {%- do exchange_tables_atomic(next, target) -%}
        {%- do drop_tables(target, [next.identifier, aside.identifier]) -%}
    {%- else -%}
        {%- if run.comment != touched_comment(run) -%}
            {%- do write_touched_comments(target, run) -%}
        {%- endif -%}
        {%- do drop_tables(target, [aside.identifier]) -%}
    {%- endif -%}
{% endmacro %}

{#
    Which partitions differ, and how. Rows are compared as a multiset, by the hash of their binary form, in which NULL and
    0 differ. `attached`: they get the new rows; `dropped`: their old rows go first, and `refilled` are those of them that
    have rows of untouched units to keep; `added`: of the new rows, those that are not there yet are added.
#}
{% macro touched_changes(target, aside, replaces) %}
    {%- set changes = {"dropped": [], "attached": [], "added": []} -%}
    {%- set compared -%}
        select
            partition_id,
            countIf(old_count > new_count) as removed_count,
            countIf(new_count > old_count) as added_count,
            countIf(new_count > old_count and new_count > 1 and old_count > 0) as unclear_count,
            sum(old_count) as old_row_count,
            sum(new_count) as new_row_count
        from
            (
                select partition_id, row_hash, sum(is_old) as old_count, sum(1 - is_old) as new_count
                from
                    (
                        select
                            _partition_id as partition_id,
                            sipHash64(formatRowNoNewline('RowBinary', *)) as row_hash,
                            1 as is_old
                        from {{ target }}
                        prewhere {{ replaces }}
                        union all
                        select
                            _partition_id as partition_id,
                            sipHash64(formatRowNoNewline('RowBinary', *)) as row_hash,
                            0 as is_old
                        from {{ aside }}
                    )
                group by partition_id, row_hash
            )
        group by partition_id
        having removed_count + added_count > 0
        order by partition_id
    {%- endset -%}
    {%- for row in run_query(compared).rows -%}
        {%- set partition = "'" ~ row["partition_id"] ~ "'" -%}
        {%- if row["removed_count"] or row["unclear_count"] -%}
            {%- do changes.dropped.append(partition) -%}
            {%- if row["new_row_count"] -%}
                {%- do changes.attached.append(partition) -%}
            {%- endif -%}
        {%- elif row["old_row_count"] -%} {%- do changes.added.append(partition) -%}
        {%- else -%} {%- do changes.attached.append(partition) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(changes) }}
{% endmacro %}

{# Hard links only: partitions go from the clone, and the aside's are linked into it. #}
{% macro exchange_partitions(next, aside, changes) %}
    {%- set commands = [] -%}
    {%- for partition in changes.dropped -%}
        {%- do commands.append("drop partition id " ~ partition) -%}
    {%- endfor -%}
    {%- for partition in changes.attached -%}
        {%- do commands.append(
            "attach partition id " ~ partition ~ " from " ~ aside
        ) -%}
    {%- endfor -%}
    {%- if commands -%}
        {%- do run_query(one_alter_relation(next, commands | join(", "))) -%}
    {%- endif -%}
{% endmacro %}

{# Untouched rows of the partitions that were dropped, and new rows that the others lack. #}
{% macro fill_partitions(target, aside, next, columns, replaces, changes) %}
    {%- if changes.dropped -%}
        {%- do run_query(
            "insert into "
            ~ next
            ~ " ("
            ~ columns
            ~ ") select "
            ~ columns
            ~ " from "
            ~ target
            ~ " where _partition_id in ("
            ~ changes.dropped
            | join(", ") ~ ") and not ifNull((" ~ replaces ~ "), 0)"
        ) -%}
    {%- endif -%}
    {%- if changes.added -%}
        {%- set partitions = (
            "_partition_id in (" ~ changes.added | join(", ") ~ ")"
        ) -%}
        {%- set row_hash = "sipHash64(formatRowNoNewline('RowBinary', *))" -%}
        {%- do run_query(
            "insert into "
            ~ next
            ~ " ("
            ~ columns
            ~ ") select "
            ~ columns
            ~ " from "
            ~ aside
            ~ " where "
            ~ partitions
            ~ " and "
            ~ row_hash
            ~ " not in (select "
            ~ row_hash
            ~ " from "
            ~ target
            ~ " prewhere "
            ~ replaces
            ~ " where "
            ~ partitions
            ~ ")"
        ) -%}
    {%- endif -%}
{% endmacro %}
