{#
Privacy and noise: a value over fewer learners than var `minimum_group_size` is not shown.
`suppressed` gives the value or NULL, `is_suppressed` says that this is why.
#}
{% macro suppressed(value, group_size) -%}
    if({{ is_suppressed(group_size) }}, null, {{ value }})
{%- endmacro %}

{% macro is_suppressed(group_size) -%}
    (ifNull({{ group_size }}, 0) < {{ var("minimum_group_size") }})
{%- endmacro %}
