{{
    config(
        order_by=["as_of_at", "scope_kind", "scope", "model", "measure"],
        tags=["weekly", "churn"],
    )
}}

select
    runs.as_of_at as as_of_at,
    figures.scope_kind as scope_kind,
    figures.scope as scope,
    figures.model as model,
    figures.measure as measure,
    figures.value as value,
    figures.value_low as value_low,
    figures.value_high as value_high,
    toBool(runs.model = figures.model) as is_chosen_model
from {{ ref("stg_ops__churn_figures") }} as figures
inner join {{ ref("fct_churn_runs") }} as runs using (model_version, trained_at)
