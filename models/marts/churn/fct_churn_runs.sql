{{ config(order_by=["as_of_at"], tags=["weekly", "churn"]) }}

{# Of several runs for one Monday the last counts. #}
with
    final as (
        select
            assumeNotNull(as_of_at) as scored_at,
            model_version,
            trained_at,
            tested_since_at,
            status,
            reason,
            model,
            labelled_count,
            training_count,
            test_count,
            scored_count
        from {{ ref("stg_ops__churn_runs") }}
        where isNotNull(as_of_at)
        order by scored_at, trained_at desc, model_version
        limit 1 by scored_at
    )

select
    scored_at as as_of_at,
    model_version,
    trained_at,
    tested_since_at,
    status,
    reason,
    model,
    labelled_count,
    training_count,
    test_count,
    scored_count
from final
