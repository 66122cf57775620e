{{
    config(
        codecs={
            "statement_id": "ZSTD(1)",
            "learner_id": "ZSTD(1)",
            "answered_at": "ZSTD(1)",
            "selected_options": "ZSTD(1)",
        },
        order_by=["item_id", "learner_id", "statement_id"],
        tags=["nightly"],
    )
}}

with
    answers as (
        select
            statement_id,
            learner_id,
            activity_id as item_id,
            occurred_at as answered_at,
            arrayDistinct(selected_options) as options
        from {{ ref("int_statements__deduplicated") }}
        where notEmpty(selected_options) and {{ is_answer_or_grade() }}
    ),

    items as (
        select item_id, groupArray(option_id) as shown_options
        from {{ ref("dim_item_options") }}
        where is_shown_per_learner
        group by item_id
    )

select
    statement_id,
    learner_id,
    toLowCardinality(item_id) as item_id,
    answered_at,
    arrayFilter(option -> has(shown_options, option), options) as selected_options,
    toBool(length(selected_options) < length(options)) as has_pooled_option
from answers
left join items using (item_id)
