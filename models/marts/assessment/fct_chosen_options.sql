{{
    config(
        order_by=["item_id", "is_pooled", "option_id"],
        tags=["nightly"],
    )
}}

with
    answers as (
        select
            answer_statement_id,
            item_id,
            learner_id,
            ability_quintile,
            rest_ratio,
            is_correct
        from {{ ref("fct_first_answers") }}
        where not is_excluded and answer_statement_id != ''
    ),

    responses as (
        select
            statement_id as answer_statement_id,
            arrayJoin(arrayDistinct(selected_options)) as option_id
        from {{ ref("int_statements__deduplicated") }}
        where
            notEmpty(selected_options)
            and statement_id in (select answer_statement_id from answers)
    ),

    shown_options as (
        select item_id, option_id, true as is_shown from {{ ref("dim_item_options") }}
    ),

    {# A learner has one first answer to an item, so that several pooled options of it are one choice. #}
    choices as (
        select distinct
            * except (answer_statement_id, option_id, is_shown),
            if(is_shown, option_id, '') as shown_option_id,
            toBool(not is_shown) as is_pooled
        from answers
        inner join responses using (answer_statement_id)
        left join shown_options using (item_id, option_id)
    ),

    option_levels as (
        select
            item_id,
            shown_option_id,
            is_pooled,
            isNotNull(ability_quintile) as is_ranked,
            rest_ratio,
            count() as level_count,
            countIf(ifNull(is_correct, false)) as level_right,
            countIf(is_correct = false) as level_wrong
        from choices
        group by item_id, shown_option_id, is_pooled, is_ranked, rest_ratio
    )

select
    toLowCardinality(item_id) as item_id,
    shown_option_id as option_id,
    is_pooled,
    sum(level_count) as chosen_count,
    sum(level_right) as chosen_correct_count,
    sum(level_wrong) as chosen_wrong_count,
    arraySort(
        groupArrayIf((ifNull(rest_ratio, 0), level_count), is_ranked)
    ) as chosen_levels
from option_levels
group by item_id, option_id, is_pooled
