{{
    config(
        order_by=["as_of_at", "course_id", "learner_id"],
        tags=["weekly", "churn"],
    )
}}

select
    scores.learner_id as learner_id,
    scores.course_id as course_id,
    scores.as_of_at as as_of_at,
    scores.model_version as model_version,
    scores.status as status,
    scores.reason as status_reason,
    scores.score as score,
    toLowCardinality(
        multiIf(
            isNull(score),
            'not_published',
            score >= {{ var("churn_high_score") }},
            'high',
            score >= {{ var("churn_medium_score") }},
            'medium',
            'low'
        )
    ) as band,
    arrayStringConcat(scores.top_reasons, '; ') as top_reasons,
    toBool({{ is_held_out("scores.learner_id", "scores.course_id") }}) as is_held_out
from {{ ref("stg_ops__churn_scores") }} as scores
inner join {{ ref("fct_churn_runs") }} as runs using (model_version, trained_at)
