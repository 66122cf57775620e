{#
    Condition of a model that is built learner by learner: in a whole build the materialization `touched` puts one range
    of learners after the other in its place, so that what a build keeps in memory does not grow with history. Learner
    ids are evenly spread hex digits, and the tables read lie in their order: a range is read without the others.
    Everywhere else it is true. A model that keeps little of each line in memory takes the lines of several batches at a
    time (`size`): a range of learners is some rows of every month, and fewer, larger ones are read and written cheaper.
#}
{% macro is_in_batch(learner_id, size=1) -%}
    {{ learner_id }} >= ''  /* batch of {{ size }} */
{%- endmacro %}

{#
    Condition beside it of a model that joins tables of the same months row by row: one month of `relation` after the
    other, each in batches of its own. A batch of all months is written as a part for each, which are merged for longer
    than they took to write: ten million events of 36 columns took 105 CPU seconds, month by month less than half of it.
#}
{% macro is_in_month_of(relation) -%}
    toYYYYMM(occurred_at) >= 0  /* month of {{ relation }} */
{%- endmacro %}

{# The whole table's SQL, once for each batch; once in all where it is not asked for. #}
{% macro in_batches(sql, line_count) %}
    {%- set queries = [] -%}
    {%- set month = "toYYYYMM\\(occurred_at\\) >= 0\\s*/\\* month of (\\S+) \\*/" -%}
    {%- set found = modules.re.search(month, sql) -%}
    {%- if found -%}
        {%- for row in run_query(
            "select toYYYYMM(occurred_at) as month, count() as line_count from "
            ~ found.group(1)
            ~ " group by month order by month"
        ).rows -%}
            {%- set condition = "toYYYYMM(occurred_at) = %d" % row["month"] -%}
            {%- do add_learner_batches(
                queries,
                modules.re.sub(month, condition, sql),
                row["line_count"],
            ) -%}
        {%- endfor -%}
        {# An empty history still makes the table. #}
        {%- if not queries -%} {%- do queries.append(sql) -%} {%- endif -%}
    {%- else -%} {%- do add_learner_batches(queries, sql, line_count) -%}
    {%- endif -%}
    {{ return(queries) }}
{% endmacro %}

{% macro add_learner_batches(queries, sql, line_count) %}
    {%- set condition = "([a-z_.]+) >= ''\\s*/\\* batch of ([0-9]+) \\*/" -%}
    {%- set found = modules.re.search(condition, sql) -%}
    {%- if found -%}
        {%- set lines = var("build_batch_lines") * (found.group(2) | int) -%}
        {%- set count = (line_count / lines) | round(0, "ceil") | int -%}
        {%- set count = [1, [count, 256] | min] | max -%}
        {%- for number in range(count) -%}
            {%- set range_of_batch = "(\\1 >= '%s' and \\1 < '%s')" % (
                "%04x" % (number * 65536 // count) if number else "",
                (
                    "%04x" % ((number + 1) * 65536 // count)
                    if number + 1 < count
                    else "g"
                ),
            ) -%}
            {%- do queries.append(modules.re.sub(condition, range_of_batch, sql)) -%}
        {%- endfor -%}
    {%- else -%} {%- do queries.append(sql) -%}
    {%- endif -%}
{% endmacro %}
