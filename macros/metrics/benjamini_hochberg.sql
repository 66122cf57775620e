{#
Benjamini and Hochberg's false discovery rate: a select over `relation` (a CTE) that adds `q_value`.

q of the i-th smallest of m p-values is the smallest p · (m / rank) at or above it; m / rank first, so that q is never
below p. Rows whose p-value is NULL were not
tested: they get NULL and do not count in m. Equal p-values get equal q, so no tie-breaker is needed.

    with_q as ({{ benjamini_hochberg("tested_bins", "p_value", ["video_id", "bin_start_seconds"]) }})

`columns` are carried through; `family` (optional columns) makes one family of tests per group instead of one in all.
#}
{% macro benjamini_hochberg(relation, p_value, columns, family=[]) -%}
    {%- set family_sql = "partition by " ~ family | join(", ") if family else "" -%}
    {%- set kept = columns if p_value in columns else columns + [p_value] -%}
    select
        {{ kept | join(", ") }},
        if(
            isNull({{ p_value }}),
            null,
            least(
                1.0,
                min(toFloat64({{ p_value }}) * (tested_count / p_rank)) over (
                    {{ family_sql }}
                    order by p_rank desc
                    rows between unbounded preceding and current row
                )
            )
        ) as q_value
    from
        (
            select
                {{ kept | join(", ") }},
                count({{ p_value }}) over ({{ family_sql }}) as tested_count,
                row_number() over (
                    {{ family_sql }} order by {{ p_value }} asc nulls last
                ) as p_rank
            from {{ relation }}
        )
{%- endmacro %}
