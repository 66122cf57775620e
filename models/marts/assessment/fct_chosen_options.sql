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
        select statement_id, arrayJoin(arrayDistinct(selected_options)) as option_id
        from {{ ref("int_statements__deduplicated") }}
        where
            notEmpty(selected_options)
            and statement_id in (select answer_statement_id from answers)
    ),

    shown_options as (
        select item_id, option_id, 1 as is_shown from {{ ref("dim_item_options") }}
    ),

    {# A learner has one first answer to an item, so that several pooled options of it are one choice. #}
    choices as (
        select distinct
            answers.item_id as item_id,
            answers.learner_id as learner_id,
            answers.ability_quintile as ability_quintile,
            answers.rest_ratio as rest_ratio,
            answers.is_correct as is_correct,
            shown_options.is_shown = 0 as is_pooled,
            if(is_pooled, '', responses.option_id) as option_id
        from answers
        inner join responses on answers.answer_statement_id = responses.statement_id
        left join
            shown_options
            on answers.item_id = shown_options.item_id
            and responses.option_id = shown_options.option_id
    ),

    option_levels as (
        select
            item_id,
            option_id,
            is_pooled,
            isNotNull(ability_quintile) as is_ranked,
            rest_ratio,
            count() as level_count,
            countIf(ifNull(is_correct, false)) as level_right,
            countIf(is_correct = false) as level_wrong
        from choices
        group by item_id, option_id, is_pooled, is_ranked, rest_ratio
    ),

    final as (
        select
            item_id,
            option_id,
            is_pooled,
            sum(level_count) as chosen_count,
            sum(level_right) as chosen_correct_count,
            sum(level_wrong) as chosen_wrong_count,
            arraySort(
                groupArrayIf((ifNull(rest_ratio, 0), level_count), is_ranked)
            ) as chosen_levels
        from option_levels
        group by item_id, option_id, is_pooled
    )

select
    item_id,
    option_id,
    toBool(is_pooled) as is_pooled,
    chosen_count,
    chosen_correct_count,
    chosen_wrong_count,
    chosen_levels
from final
