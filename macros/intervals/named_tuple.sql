{#
    A tuple whose elements have names: `named_tuple(at="occurred_at", verb="verb")` is read as `.at` and `.verb`. For
    what is no plain column; plain columns name their elements by themselves: `(occurred_at, verb)`. It is a macro because
    the linter cannot read the aliases that it writes.
#}
{% macro named_tuple() -%}
    (
        {%- for name, expression in kwargs.items() %}
            {{ expression }}{{ " as " ~ name if expression != name }}
            {{- "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
