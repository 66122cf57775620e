{{
    config(
        order_by=["course_id", "assessment_id", "item_id"],
        tags=["nightly"],
    )
}}

with
    items as (
        select
            item_id,
            item_kind,
            problem_id,
            assessment_id,
            course_id,
            module_id,
            title,
            position,
            problem_position,
            part_count,
            rest_scope
        from {{ ref("dim_items") }}
    ),

    {# Learners counted by score first: counts add exactly, in any order. #}
    score_levels as (
        select
            item_id,
            isNotNull(ability_quintile) as is_ranked,
            rest_ratio,
            count() as examinees,
            countIf(isNotNull(is_correct)) as judged,
            countIf(ifNull(is_correct, false)) as right_answers,
            countIf(is_correct = false) as wrong_answers,
            countIf(isNotNull(response_seconds)) as timed,
            countIf(is_rapid_guess) as rapid,
            countIf(has_second_attempt) as second_attempts,
            countIf(is_correct = false and isNotNull(is_second_correct)) as retried,
            countIf(
                is_correct = false and ifNull(is_second_correct, false)
            ) as right_retries,
            groupArray(response_seconds) as seconds_of_some
        from {{ ref("fct_first_answers") }}
        where not is_excluded
        group by item_id, is_ranked, rest_ratio
    ),

    item_counts as (
        select
            item_id,
            sum(examinees) as examinee_count,
            sum(judged) as judged_count,
            sum(right_answers) as correct_count,
            sum(wrong_answers) as first_wrong_count,
            sum(timed) as timed_count,
            sum(rapid) as rapid_guess_count,
            sum(second_attempts) as second_attempt_count,
            sum(retried) as retried_count,
            sum(right_retries) as retried_correct_count,
            sumIf(examinees, is_ranked) as ranked_count,
            arraySort(
                groupArrayIf(
                    (ifNull(rest_ratio, 0), examinees, right_answers), is_ranked
                )
            ) as levels,
            arraySort(groupArrayArray(seconds_of_some)) as seconds_sorted
        from score_levels
        group by item_id
    ),

    {# How far each examinee of an assessment got in its published order. #}
    furthest_positions as (
        select assessment_id, furthest_position, count() as learner_count
        from
            (
                select
                    assessment_id,
                    learner_id,
                    ifNull(max(problem_position), 0) as furthest_position
                from {{ ref("fct_first_answers") }}
                where assessment_id != '' and not is_excluded
                group by assessment_id, learner_id
            )
        group by assessment_id, furthest_position
    ),

    assessment_examinees as (
        select
            assessment_id,
            sum(learner_count) as assessment_examinee_count,
            arraySort(
                groupArray((furthest_position, learner_count))
            ) as learners_by_furthest
        from furthest_positions
        group by assessment_id
    ),

    reliability as (
        select
            assessment_id,
            alpha as assessment_alpha,
            complete_count as assessment_alpha_learner_count,
            alpha_reason,
            true as is_known
        from {{ ref("agg_assessment_reliability") }}
    ),

    joined as (
        select
            *,
            {{ score_points("levels") }} as score_points,
            isNotNull(problem_position) and assessment_id != '' as has_place,
            arraySum(
                (furthest, learner_count)
                -> if(furthest < ifNull(problem_position, 0), learner_count, 0),
                learners_by_furthest
            ) as behind_count,
            multiIf(
                assessment_id = '',
                'no_assessment',
                not is_known,
                'too_few_learners',
                alpha_reason
            ) as assessment_alpha_reason
        from items
        left join item_counts using (item_id)
        left join assessment_examinees using (assessment_id)
        left join reliability using (assessment_id)
    ),

    measured as (
        select
            *,
            {{ is_suppressed("judged_count") }} as is_hidden,
            if(
                has_place, toNullable(toUInt64(behind_count)), null
            ) as not_reached_count,
            multiIf(
                is_hidden,
                'suppressed',
                rest_scope = 'none',
                'no_other_problems',
                ranked_count < {{ var("minimum_discrimination_learners") }},
                'too_few_learners',
                isNull({{ correlation("score_points") }}),
                'no_variance',
                ''
            ) as discrimination_reason,
            if(
                discrimination_reason = '', {{ correlation("score_points") }}, null
            ) as discrimination,
            if(
                discrimination_reason = '',
                {{ upper_group_ratio("levels", var("upper_lower_share")) }},
                null
            ) as upper_correct_ratio,
            if(
                discrimination_reason = '',
                {{ lower_group_ratio("levels", var("upper_lower_share")) }},
                null
            ) as lower_correct_ratio,
            if(
                discrimination_reason = '',
                {{ upper_lower_index("levels", var("upper_lower_share")) }},
                null
            ) as upper_lower_index
        from joined
    ),

    final as (
        select
            *,
            {{ correlation_low("discrimination", "ranked_count") }}
            as discrimination_low,
            {{ correlation_high("discrimination", "ranked_count") }}
            as discrimination_high
        from measured
    )

select
    course_id,
    module_id,
    assessment_id,
    item_id,
    item_kind,
    problem_id,
    title,
    position,
    part_count,
    examinee_count,
    judged_count,
    correct_count,
    toBool(is_hidden) as is_suppressed,
    {{ ratio_with_interval("difficulty_ratio", "correct_count", "judged_count") }},
    rest_scope,
    ranked_count,
    discrimination,
    discrimination_low,
    discrimination_high,
    toLowCardinality(discrimination_reason) as discrimination_reason,
    upper_correct_ratio,
    lower_correct_ratio,
    upper_lower_index,
    assessment_alpha,
    assessment_alpha_learner_count,
    toLowCardinality(assessment_alpha_reason) as assessment_alpha_reason,
    timed_count,
    {{ suppressed(sorted_quantile("seconds_sorted", 0.5), "timed_count") }}
    as median_response_seconds,
    {{ suppressed(median_low("seconds_sorted"), "timed_count") }}
    as median_response_seconds_low,
    {{ suppressed(median_high("seconds_sorted"), "timed_count") }}
    as median_response_seconds_high,
    rapid_guess_count,
    {{ ratio_with_interval("rapid_guess_ratio", "rapid_guess_count", "timed_count") }},
    second_attempt_count,
    first_wrong_count,
    retried_count,
    retried_correct_count,
    {{
        ratio_with_interval(
            "learning_gain_ratio", "retried_correct_count", "retried_count"
        )
    }},
    assessment_examinee_count,
    not_reached_count,
    {{
        ratio_with_interval(
            "not_reached_ratio", "not_reached_count", "assessment_examinee_count"
        )
    }},
    toBool(
        ifNull(difficulty_ratio_low > {{ var("too_easy_ratio") }}, false)
    ) as is_too_easy,
    toBool(
        ifNull(difficulty_ratio_high < {{ var("too_hard_ratio") }}, false)
    ) as is_too_hard,
    toBool(
        ifNull(discrimination_high < {{ var("weak_discrimination") }}, false)
    ) as is_weakly_discriminating,
    toBool(ifNull(discrimination_high < 0, false)) as is_negatively_discriminating,
    toBool(
        ifNull(rapid_guess_ratio_low > {{ var("speeded_ratio") }}, false)
        or ifNull(not_reached_ratio_low > {{ var("speeded_ratio") }}, false)
    ) as is_speeded
from final
