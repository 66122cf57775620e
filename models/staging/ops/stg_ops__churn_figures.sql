{{ config(materialized="view", tags=["weekly", "churn"]) }}

select
    model_version,
    trained_at,
    scope_kind,
    scope,
    model,
    measure,
    value,
    value_low,
    value_high
from {{ source("ops", "churn_figures") }}
