{# The statement that inserts rows, each a dict of column and value, into a table; empty without rows. #}
{% macro insert_json_rows(table, rows) %}
    {%- if not rows -%} {{ return("") }} {%- endif -%}
    {%- set lines = [] -%}
    {%- for row in rows -%} {%- do lines.append(tojson(row)) -%} {%- endfor -%}
    {{
        return(
            "insert into " ~ table ~ " (" ~ rows[0].keys()
            | join(", ") ~ ") settings async_insert = 0 format JSONEachRow\n" ~ lines
            | join("\n")
        )
    }}
{% endmacro %}
