{# dbt-clickhouse's, without asking for the columns first: a comment on a column that is not there is passed over. #}
{% macro clickhouse__persist_docs(relation, model, for_relation, for_columns) %}
    {%- set comments = [] -%}
    {%- if for_relation and config.persist_relation_docs() and model.description -%}
        {%- do comments.append(
            "modify comment " ~ clickhouse_escape_comment(model.description)
        ) -%}
    {%- endif -%}
    {%- if for_columns and config.persist_column_docs() -%}
        {%- for column in model.columns.values() if column.description -%}
            {%- do comments.append(
                "comment column if exists `"
                ~ column.name
                ~ "` "
                ~ clickhouse_escape_comment(column.description)
            ) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if comments -%}
        {%- do run_query(one_alter_relation(relation, comments | join(", "))) -%}
    {%- endif -%}
{% endmacro %}
