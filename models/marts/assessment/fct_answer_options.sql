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
            activity_id,
            occurred_at,
            arrayDistinct(selected_options) as options
        from {{ ref("int_statements__deduplicated") }}
        where notEmpty(selected_options) and {{ is_answer_or_grade() }}
    ),

    items as (
        select item_id, groupArray(option_id) as shown_options
        from {{ ref("dim_item_options") }}
        where is_shown_per_learner
        group by item_id
    ),

    final as (
        select
            answers.statement_id as statement_id,
            answers.learner_id as learner_id,
            answers.activity_id as item_id,
            answers.occurred_at as answered_at,
            arrayFilter(
                option -> has(items.shown_options, option), answers.options
            ) as selected_options,
            length(selected_options) < length(answers.options) as has_pooled_option
        from answers
        left join items on answers.activity_id = items.item_id
    )

select
    statement_id,
    learner_id,
    item_id,
    answered_at,
    selected_options,
    toBool(has_pooled_option) as has_pooled_option
from final
