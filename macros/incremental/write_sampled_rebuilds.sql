{#
    Hook at the end of a run: how to make a sample of units of every `touched` table by the SQL of the whole table, and
    what differs from the table then. It only writes down the statements, into the table that
    WAREHOUSE_SAMPLED_REBUILDS names; the nightly job carries them out (orchestration/checks/rebuilds.py). Other runs
    leave the variable empty.

    A run recomputes only what it believes to be touched: an error in that belief is seen by a rebuild and by nothing
    else. Each table is compared with what its SQL makes of the tables before it, and these are compared as well.

    The sample is the share `rebuilt_sample_learners` of all learners, and the same share of the other units (statements,
    objects, days, courses), at least one; another each day, the same all day. Units with evenly spread keys are a range
    of keys, so that the engine reads a few stretches of each table; the others are drawn by a hash.
#}
{% macro write_sampled_rebuilds() %}
    {%- set table = env_var("WAREHOUSE_SAMPLED_REBUILDS", "") if execute else "" -%}
    {%- if table -%}
        {%- set day = run_started_at.strftime("%Y-%m-%d") -%}
        {%- set rows = [] -%}
        {%- for node in graph.nodes.values() if node.config.get("sampled_by") -%}
            {%- if node.get("touched_run", {}).get("invocation_id") == invocation_id -%}
                {%- do rows.append(
                    dict(
                        sampled_rebuild(node, day),
                        invocation_id=invocation_id,
                        model=node.unique_id,
                    )
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {{ return(insert_json_rows(table, rows)) }}
    {%- endif -%}
{% endmacro %}

{#
    The statements for one model: `sample` gives a condition, which stands for `{sample}` in the others; `statements`
    fill a table beside it, which the first of them removes, before and after; `differences` compares the two.
#}
{% macro sampled_rebuild(node, day) %}
    {%- set unit = node.config.sampled_by -%}
    {%- set live = api.Relation.create(
        schema=node.schema, identifier=node.alias, type="table"
    ) -%}
    {%- set aside = live.incorporate(
        path={"identifier": live.identifier ~ "__sampled"}
    ) -%}
    {%- set columns = node["touched_run"].columns or node.columns.keys() | join(
        ", "
    ) -%}
    {%- set among = render_with_relations(node.config.get("sampled_among", "true")) -%}
    {%- set drop = "drop table if exists " ~ aside -%}
    {%- set fill -%}
        insert into {{ aside }} ({{ columns }})
        select {{ columns }} from (
        {{ only_sample(node["touched_run"].whole_sql, unit) }}
        ) where {sample} {{ query_settings_of(node) }}
    {%- endset -%}
    {{
        return(
            {
                "relation": live | string,
                "unit": unit,
                "sample": sample_of(live, unit, among, day),
                "statements": [drop, "create table " ~ aside ~ " as " ~ live, fill],
                "differences": sampled_differences(live, aside, unit, among),
            }
        )
    }}
{% endmacro %}

{# The whole table's SQL, where it marks batches or samples of the unit, for the sample's units only. #}
{% macro only_sample(sql, unit) %}
    {%- set batch = unit ~ " >= ''\\s*/\\* batch of [0-9]+ \\*/" -%}
    {%- set mark = "true\\s*/\\* sampled by " ~ unit ~ " \\*/" -%}
    {{ return(modules.re.sub(batch ~ "|" ~ mark, "({sample})", sql)) }}
{% endmacro %}

{# A query for the condition that chooses the units of the day. #}
{% macro sample_of(live, unit, among, day) %}
    {%- set learners = relation_of("int_learner_courses") -%}
    {%- set share -%}
        least(
            1,
            {{ var("rebuilt_sample_learners") }}
            / greatest(1, (select uniqExact(learner_id) from {{ learners }}))
        )
    {%- endset -%}
    {%- if unit == "learner_id" -%}
        {# Ids are evenly spread hex digits; 'g' comes after them all. The same learners in every table. #}
        {%- set drawn_by = day -%}
        {%- set condition -%}
            format(
                '{{ unit }} >= ''{}'' and {{ unit }} < ''{}''',
                lower(leftPad(hex(from_key), 8, '0')),
                if(to_key > 4294967295, 'g', lower(leftPad(hex(to_key), 8, '0')))
            )
        {%- endset -%}
    {%- elif unit in ["statement_key", "load_key"] -%}
        {%- set drawn_by = day ~ " " ~ live.identifier -%}
        {%- set condition -%}
            format(
                'intDiv({{ unit }}, 4294967296) between {} and {}',
                toString(from_key),
                toString(to_key - 1)
            )
        {%- endset -%}
    {%- else -%} {{ return(sample_by_hash(live, unit, among, day, share)) }}
    {%- endif -%}
    with
        {{ share }} as share,
        sipHash64('{{ drawn_by }}') / 18446744073709551616 * (1 - share) as start,
        toUInt64(floor(start * 4294967296)) as from_key,
        greatest(from_key + 1, toUInt64(ceil((start + share) * 4294967296))) as to_key
    select {{ condition }} as condition
{% endmacro %}

{# Of units that are few or unevenly spread: those of one remainder, which at least one unit of the table has. #}
{% macro sample_by_hash(live, unit, among, day, share) %}
    {%- set draw = "sipHash64(toString(" ~ unit ~ "), '" ~ day ~ "')" -%}
    {%- set draw_as_text = dbt.string_literal(dbt.escape_single_quotes(draw)) -%}
    with greatest(1, toUInt64(floor(1 / {{ share }}))) as parts
    select
        format(
            '{} % {} = {}',
            {{ draw_as_text }},
            toString(parts),
            toString(argMin({{ draw }}, {{ draw }}) % parts)
        ) as condition
    from {{ live }}
    where {{ among }}
{% endmacro %}

{#
    What differs between the table and the rebuild, as multisets of rows, in one row: how many units and rows were
    compared, in how many units rows differ, which (the worst first), and how many rows are only here or there.
#}
{% macro sampled_differences(live, aside, unit, among) %}
    {%- set row_hash = "sipHash64(formatRowNoNewline('RowBinary', *))" -%}
    select
        count() as unit_count,
        sum(units.row_count) as row_count,
        countIf(units.differences > 0) as differing_count,
        arrayMap(
            (minus_differences, unit_name) -> unit_name,
            arraySlice(
                arraySort(
                    groupArrayIf(
                        (- units.differences, units.unit_name), units.differences > 0
                    )
                ),
                1,
                10
            )
        ) as differing_units,
        sum(units.live_rows) as live_rows,
        sum(units.rebuilt_rows) as rebuilt_rows
    from
        (
            select
                toString(hashes.unit) as unit_name,
                sum(hashes.live_count) as row_count,
                sum(greatest(hashes.live_count - hashes.rebuilt_count, 0)) as live_rows,
                sum(
                    greatest(hashes.rebuilt_count - hashes.live_count, 0)
                ) as rebuilt_rows,
                toInt64(live_rows + rebuilt_rows) as differences
            from
                (
                    select
                        unit,
                        row_hash,
                        sum(is_live) as live_count,
                        sum(1 - is_live) as rebuilt_count
                    from
                        (
                            select
                                {{ unit }} as unit,
                                {{ row_hash }} as row_hash,
                                toInt64(1) as is_live
                            from {{ live }}
                            where ({sample}) and ({{ among }})
                            union all
                            select
                                {{ unit }} as unit,
                                {{ row_hash }} as row_hash,
                                toInt64(0) as is_live
                            from {{ aside }}
                        )
                    group by unit, row_hash
                ) as hashes
            group by unit_name
        ) as units
{% endmacro %}
