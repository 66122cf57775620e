{#
    Whether a `touched` model recomputes only the units that were touched; if not, its SQL yields the whole table. Unit
    tests see the whole; they override this macro to test the other branch. So does a command that only compiles, perhaps on a
    warehouse without tables. That the SQL was told so is noted: the materialization publishes its rows accordingly.
#}
{% macro is_touched_build() %}
    {%- if not is_building() or not touched_run().can_touch -%}
        {{ return(false) }}
    {%- endif -%}
    {%- do touched_run().update({"is_touched_build": true}) -%}
    {{ return(true) }}
{% endmacro %}

{% macro is_building() %}
    {{
        return(
            execute
            and model.resource_type == "model"
            and invocation_args_dict.get("which")
            not in ["compile", "generate", "show", "list", "parse"]
        )
    }}
{% endmacro %}

{#
    Whether so much of the data is touched that recomputing all of it is cheaper than finding what differs. The models
    of the dirty set stay empty then, and every `touched` model is built whole.
#}
{% macro is_mostly_touched() %}
    {%- if not is_building() -%} {{ return(false) }} {%- endif -%}
    {{ return(is_most(run_query("select " ~ touched_snapshot_sql()).rows[0])) }}
{% endmacro %}

{# Whether the touched objects of a snapshot have most of its lines; of an empty one, yes. #}
{% macro is_most(snapshot) %}
    {{
        return(
            snapshot["touched_line_count"]
            >= snapshot["line_count"] * var("rebuild_touched_ratio")
        )
    }}
{% endmacro %}

{# Months whose rows are all recomputed in this run, from the var `refresh_months`, as numbers of six digits. #}
{% macro refreshed_months() %}
    {%- set months = [] -%}
    {%- for month in var("refresh_months") -%}
        {%- set digits = month | string | replace("-", "") -%}
        {%- if not modules.re.match("^(19|20)[0-9]{2}(0[1-9]|1[0-2])$", digits) -%}
            {%- do exceptions.raise_compiler_error(
                "refresh_months holds '"
                ~ month
                ~ "'; expected months as 2026-01 or 202601"
            ) -%}
        {%- endif -%}
        {%- do months.append(digits | int) -%}
    {%- endfor -%}
    {{ return(months) }}
{% endmacro %}

{#
    Alternative of a condition: the moment lies in a month that `refresh_months` names. Nothing when it names none: the
    engine takes `… or 0` as one condition and reads all columns of it, where it reads those of one part of an `and`
    after the other, and fewer rows each time.
#}
{% macro or_in_refreshed_month(moment) -%}
    {%- set months = refreshed_months() -%}
    {%- if months -%}
        or toYYYYMM({{ moment }}) in ({{ months | join(", ") }})
    {%- endif -%}
{%- endmacro %}
