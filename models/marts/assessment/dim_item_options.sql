{{
    config(
        order_by=["item_id", "option_id"],
        tags=["nightly"],
    )
}}

with
    counted_learners as (
        select learner_id from {{ ref("dim_learners") }} where not is_excluded
    ),

    choices as (
        select
            activity_id as item_id,
            learner_id,
            listed_options,
            arrayJoin(arrayDistinct(selected_options)) as option_id
        from {{ ref("int_statements__deduplicated") }}
        where notEmpty(selected_options) and {{ is_answer_or_grade() }}
    ),

    options as (
        select
            item_id,
            option_id,
            uniqExactIf(
                learner_id, learner_id in (select learner_id from counted_learners)
            ) as learner_count,
            max(has(listed_options, option_id)) as is_listed,
            match(option_id, '{{ option_mark_pattern() }}') as is_mark
        from choices
        group by item_id, option_id
    ),

    final as (
        select
            *,
            countIf(not is_listed and not is_mark) over (partition by item_id)
            > {{ var("item_options_max") }} as is_open
        from options
    )

select
    CAST(item_id, 'String') as item_id,
    option_id,
    toBool(is_listed) as is_listed,
    toBool(is_listed or not is_open) as is_shown_per_learner
from final
where is_listed or (is_mark and not is_open) or not {{ is_suppressed("learner_count") }}
