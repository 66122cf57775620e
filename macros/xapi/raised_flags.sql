{#
    The names of the conditions that hold, as Array(LowCardinality(String)), from pairs (name, condition); none unless
    the first argument holds. Through a bit mask, because nearly every statement has none and building an array of texts
    for each of them is expensive.
#}
{% macro raised_flags(only_if, conditions) -%}
    CAST(
        arrayMap(
            bit -> [
                {%- for name, _ in conditions %}
                    '{{ name }}'{% if not loop.last %}, {% endif -%}
                {%- endfor %}
            ][bit + 1],
            bitPositionsToArray(
                toUInt32({{ only_if }}) * (
                    {%- for _, condition in conditions %}
                        bitShiftLeft(toUInt32({{ condition }}), {{ loop.index0 }})
                        {%- if not loop.last %} + {% endif -%}
                    {%- endfor %}
                )
            )
        ),
        'Array(LowCardinality(String))'
    )
{%- endmacro %}
