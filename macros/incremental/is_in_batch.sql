{#
    Condition of a model that is built learner by learner: in a whole build the materialization `touched` puts one range
    of learners after the other in its place, so that what a build keeps in memory does not grow with history. Learner
    ids are evenly spread hex digits, and the tables read lie in their order: a range is read without the others.
    Everywhere else it is true.
#}
{% macro is_in_batch(learner_id) -%}
    {{ learner_id }} >= ''  /* batch */
{%- endmacro %}

{# The whole table's SQL, once for each batch of learners; once in all where it is not asked for. #}
{% macro in_batches(sql, line_count) %}
    {%- set condition = "([a-z_.]+) >= ''\\s*/\\* batch \\*/" -%}
    {%- if not modules.re.search(condition, sql) -%} {{ return([sql]) }} {%- endif -%}
    {%- set count = (line_count / var("build_batch_lines")) | round(0, "ceil") | int -%}
    {%- set count = [1, [count, 256] | min] | max -%}
    {%- set queries = [] -%}
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
    {{ return(queries) }}
{% endmacro %}
