{#
    Another model's table as the last run left it, or none. A model of the dirty set may need what it decides about to
    have been: a `ref` would be a circle, and gives the table as this run makes it.
#}
{% macro table_before(name) %}
    {%- if not is_building() -%} {{ return(none) }} {%- endif -%}
    {%- set node = graph.nodes["model." ~ project_name ~ "." ~ name] -%}
    {{
        return(
            load_cached_relation(
                api.Relation.create(schema=node.schema, identifier=node.alias)
            )
        )
    }}
{% endmacro %}
