{{ config(materialized="view", tags=["weekly", "churn"]) }}

select
    model_version,
    trained_at,
    as_of_at,
    tested_since_at,
    status,
    reason,
    model,
    labelled_count,
    training_count,
    test_count,
    scored_count
from {{ source("ops", "churn_runs") }}
