{{
    config(
        order_by=["assessment_id"],
        tags=["nightly"],
    )
}}

with
    scored_problems as (
        select
            assessment_id,
            course_id,
            problem_id,
            learner_id,
            toUInt64(assumeNotNull(is_problem_correct)) as is_right
        from {{ ref("fct_first_answers") }}
        where assessment_id != '' and is_counted_problem and not is_excluded
    ),

    counted as (
        select
            *,
            count() over (partition by assessment_id, problem_id) as problem_count,
            row_number() over (
                partition by assessment_id, learner_id
                order by problem_id
                rows between unbounded preceding and current row
            )
            = 1 as is_first_row
        from scored_problems
    ),

    {# A problem that was added late or is drawn from a pool would leave hardly anybody with every answer. #}
    common_problems as (
        select *
        from
            (
                select
                    *,
                    countIf(is_first_row) over (
                        partition by assessment_id
                    ) as assessment_learner_count
                from counted
            )
        where
            problem_count
            >= {{ var("common_problem_ratio") }} * assessment_learner_count
    ),

    complete_answers as (
        select *
        from
            (
                select
                    *,
                    uniqExact(problem_id) over (
                        partition by assessment_id
                    ) as common_problem_count,
                    count() over (
                        partition by assessment_id, learner_id
                    ) as answered_count,
                    sum(is_right) over (
                        partition by assessment_id, learner_id
                    ) as total_score
                from common_problems
            )
        where answered_count = common_problem_count
    ),

    {# Sums of whole numbers: n · s − s² per problem, and Σ t² as Σ over problems of right × total. #}
    problem_sums as (
        select
            assessment_id,
            course_id,
            problem_id,
            max(assessment_learner_count) as learner_count,
            count() as complete_count,
            sum(is_right) as right_count,
            sum(is_right * total_score) as right_total
        from complete_answers
        group by assessment_id, course_id, problem_id
    ),

    assessment_sums as (
        select
            assessment_id,
            min(course_id) as course_id,
            max(problem_sums.learner_count) as examinee_count,
            count() as problem_count,
            max(problem_sums.complete_count) as complete_count,
            sum(right_count) as total_sum,
            sum(
                toInt128(problem_sums.complete_count) * right_count
                - toInt128(right_count) * right_count
            ) as item_variance_sum,
            toInt128(max(problem_sums.complete_count)) * sum(right_total)
            - toInt128(sum(right_count)) * sum(right_count) as total_variance
        from problem_sums
        group by assessment_id
    ),

    final as (
        select
            *,
            multiIf(
                problem_count < 2,
                'single_problem',
                complete_count < {{ var("minimum_discrimination_learners") }},
                'too_few_learners',
                total_variance = 0,
                'no_variance',
                ''
            ) as alpha_reason
        from assessment_sums
    )

select
    assessment_id,
    course_id,
    examinee_count,
    problem_count,
    complete_count,
    {{ suppressed(ratio("total_sum", "complete_count"), "complete_count") }}
    as mean_score,
    if(
        alpha_reason = '',
        {{ cronbach_alpha("problem_count", "item_variance_sum", "total_variance") }},
        null
    ) as alpha,
    toLowCardinality(alpha_reason) as alpha_reason
from final
