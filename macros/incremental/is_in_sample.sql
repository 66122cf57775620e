{#
    Condition of a whole table's SQL that may hold for the units of a sample only: true in a build; where a sample of
    units is made afresh beside the table (`write_sampled_rebuilds`), it leaves out all others before they are read. For
    a model whose SQL looks at all units before the engine can leave any out by what the rows say in the end.
#}
{% macro is_in_sample(unit) -%}
    true  /* sampled by {{ unit }} */
{%- endmacro %}
