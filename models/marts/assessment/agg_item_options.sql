{{
    config(
        order_by=["item_id", "is_pooled", "option_id"],
        tags=["nightly"],
    )
}}

with
    items as (
        select item_id, course_id, assessment_id, title as item_title
        from {{ ref("dim_items") }}
    ),

    answers as (
        select item_id, ability_quintile, rest_ratio, is_correct
        from {{ ref("fct_first_answers") }}
        where not is_excluded and (notEmpty(selected_options) or has_pooled_option)
    ),

    options as (
        select
            item_id,
            option_id,
            is_pooled,
            chosen_count,
            chosen_correct_count,
            chosen_wrong_count,
            chosen_levels
        from {{ ref("fct_chosen_options") }}
    ),

    answer_levels as (
        select
            item_id,
            isNotNull(ability_quintile) as is_ranked,
            rest_ratio,
            count() as level_count,
            countIf(ifNull(is_correct, false)) as level_right
        from answers
        group by item_id, is_ranked, rest_ratio
    ),

    answered_items as (
        select
            item_id,
            sum(level_count) as examinee_count,
            sum(level_right) as correct_count,
            sumIf(level_count, is_ranked) as ranked_count,
            arraySort(
                groupArrayIf((ifNull(rest_ratio, 0), level_count), is_ranked)
            ) as answered_levels
        from answer_levels
        group by item_id
    ),

    joined as (
        select
            *,
            {# Per score at most two entries: those who chose the option, then all who answered the item. #}
            arraySort(
                arrayConcat(
                    arrayMap(
                        (score, learner_count)
                        -> {{
                            named_tuple(
                                score="score",
                                answered="toUInt64(0)",
                                chosen="learner_count",
                            )
                        }},
                        chosen_levels
                    ),
                    arrayMap(
                        (score, learner_count)
                        -> {{
                            named_tuple(
                                score="score",
                                answered="learner_count",
                                chosen="toUInt64(0)",
                            )
                        }},
                        answered_levels
                    )
                )
            ) as mixed_levels
        from options
        inner join answered_items using (item_id)
        inner join items using (item_id)
    ),

    with_levels as (
        select
            *,
            arrayFilter(
                level -> level.answered > 0,
                arrayMap(
                    (level, before)
                    -> {{
                        named_tuple(
                            score="level.score",
                            answered="level.answered",
                            chosen="if(before.score = level.score, before.chosen, 0)",
                        )
                    }},
                    mixed_levels,
                    arrayPushFront(arrayPopBack(mixed_levels), mixed_levels[1])
                )
            ) as levels
        from joined
    ),

    with_points as (
        select
            *,
            {{ score_points("levels") }} as score_points,
            ranked_count >= {{ var("minimum_discrimination_learners") }} as is_enough
        from with_levels
    ),

    judged as (
        select
            *,
            multiIf(
                is_pooled,
                'pooled',
                correct_count = 0,
                'no_right_answers',
                chosen_correct_count = correct_count,
                'in_every_right_answer',
                chosen_correct_count = 0,
                'in_no_right_answer',
                chosen_wrong_count = 0,
                'right_whenever_chosen',
                'ambiguous'
            ) as key_basis,
            multiIf(
                key_basis in ('in_every_right_answer', 'right_whenever_chosen'),
                toNullable(true),
                key_basis = 'in_no_right_answer',
                false,
                null
            ) as is_key,
            {{ is_suppressed("examinee_count") }} as is_hidden,
            if(is_enough, {{ correlation("score_points") }}, null) as rest_correlation,
            if(
                is_enough,
                {{ upper_group_ratio("levels", var("upper_lower_share")) }},
                null
            ) as upper_chosen_ratio,
            if(
                is_enough,
                {{ lower_group_ratio("levels", var("upper_lower_share")) }},
                null
            ) as lower_chosen_ratio
        from with_points
    ),

    final as (
        select
            *,
            {{ correlation_low("rest_correlation", "ranked_count") }}
            as rest_correlation_low,
            {{ correlation_high("rest_correlation", "ranked_count") }}
            as rest_correlation_high
        from judged
    )

select
    course_id,
    assessment_id,
    toLowCardinality(item_id) as item_id,
    item_title,
    option_id,
    toBool(is_pooled) as is_pooled,
    examinee_count,
    chosen_count,
    toBool(is_hidden) as is_suppressed,
    {{ ratio_with_interval("chosen_ratio", "chosen_count", "examinee_count") }},
    is_key,
    toLowCardinality(key_basis) as key_basis,
    chosen_correct_count,
    ranked_count,
    rest_correlation,
    rest_correlation_low,
    rest_correlation_high,
    upper_chosen_ratio,
    lower_chosen_ratio,
    toLowCardinality(
        multiIf(
            ifNull(
                is_key
                and rest_correlation_high < - {{ var("misleading_correlation") }},
                false
            ),
            'key_misleads',
            ifNull(
                not is_key
                and rest_correlation_low > {{ var("misleading_correlation") }},
                false
            ),
            'attracts_the_strong',
            ifNull(
                not is_key and chosen_ratio_high < {{ var("idle_distractor_ratio") }},
                false
            ),
            'idle',
            ''
        )
    ) as option_flag
from final
