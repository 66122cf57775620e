{# A String key from columns: 32 hex digits of SipHash-128 over the values, NULL and '' kept apart. #}
{% macro surrogate_key(columns) -%}
    lower(
        hex(
            sipHash128(
                {%- for column in columns %}
                    ifNull(toString({{ column }}), '\\N')
                    {%- if not loop.last %}, '\x1F',{% endif -%}
                {%- endfor %}
            )
        )
    )
{%- endmacro %}
