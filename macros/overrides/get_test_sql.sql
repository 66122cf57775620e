{#
    dbt's query of a data test, with one addition: where WAREHOUSE_FAILED_TESTS is `report`, a failed test never stops
    the build. dbt then reports it as a warning and builds the models downstream; the scheduled jobs fail at their end
    (orchestration/assets/outcome.py). A build by hand stops at a failed test, as dbt does by default.
#}
{% macro default__get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) -%}
    {%- set stops = env_var("WAREHOUSE_FAILED_TESTS", "stop") != "report" -%}
    select
        {{ fail_calc }} as failures,
        {{ fail_calc }} {{ warn_if if stops else "!= 0" }} as should_warn,
        {% if stops %} {{ fail_calc }} {{ error_if }}
        {% else %} false
        {% endif %} as should_error
    from ({{ main_sql }} {{ "limit " ~ limit if limit != none }}) as dbt_internal_test
{%- endmacro %}
