{#
    A UInt64 key from texts, for looking up among all of history: eight bytes a row are read where an id has 36. Two ids
    may share one (2.7 in a hundred among a thousand million), so it narrows down, and the id itself decides; a unit of
    `touched` rows may be all ids of one key.
#}
{% macro compact_key(columns) -%} sipHash64({{ columns | join(", ") }}) {%- endmacro %}
