{{
    config(
        codecs={
            "learner_id": "ZSTD(1)",
            "problem_id": "ZSTD(1)",
            "assessment_id": "ZSTD(1)",
            "statement_id": "ZSTD(1)",
            "answered_at": "ZSTD(1)",
            "answer_statement_id": "ZSTD(1)",
            "selected_options": "ZSTD(1)",
        },
        order_by=["item_id", "learner_id"],
        tags=["nightly"],
    )
}}

{# One chain of windows: a CTE that is named twice is computed twice. #}
with
    items as (
        select
            item_id,
            item_kind,
            problem_id,
            assessment_id,
            course_id,
            problem_position,
            rest_scope,
            rest_scope_problem_count
        from {{ ref("dim_items") }}
    ),

    learners as (select learner_id, is_excluded from {{ ref("dim_learners") }}),

    chosen_options as (
        select statement_id as answer_statement_id, selected_options, has_pooled_option
        from {{ ref("fct_answer_options") }}
    ),

    attempted_items as (select item_id from {{ ref("fct_attempts") }}),

    {# fct_attempts leaves the parts of multi-question problems out; here each of them is an item of its own. #}
    part_answers as (
        select
            learner_id,
            activity_id as item_id,
            statement_id,
            occurred_at as answered_at,
            {{ is_right("is_correct", "verb") }} as is_right,
            if(has_response, statement_id, '') as answer_statement_id,
            duration_seconds as response_seconds,
            row_number() over (
                partition by learner_id, activity_id order by occurred_at, statement_id
            ) as attempt_number,
            quantileExact(0.5)
            (duration_seconds) over (partition by activity_id) as median_seconds
        from {{ ref("fct_learning_events") }}
        where
            is_part
            and activity_id not in (select item_id from attempted_items)
            and {{ is_answer_or_grade() }}
    ),

    answers as (
        select
            learner_id,
            item_id,
            attempt_number,
            statement_id,
            answered_at,
            is_correct,
            answer_statement_id,
            response_seconds,
            is_rapid_guess
        from {{ ref("fct_attempts") }}
        where attempt_number <= 2
        union all
        select
            learner_id,
            item_id,
            attempt_number,
            statement_id,
            answered_at,
            is_right as is_correct,
            answer_statement_id,
            response_seconds,
            {{ is_rapid_guess("response_seconds", "median_seconds") }} as is_rapid_guess
        from part_answers
        where attempt_number <= 2
    ),

    {# As one tuple, because argMin passes over NULL. #}
    first_and_second as (
        select
            learner_id,
            item_id,
            argMinIf(
                (
                    statement_id,
                    answered_at,
                    is_correct,
                    answer_statement_id,
                    response_seconds,
                    is_rapid_guess
                ),
                attempt_number,
                attempt_number = 1
            ) as first_answer,
            countIf(attempt_number = 2) > 0 as has_second_attempt,
            maxIf(is_correct, attempt_number = 2) as is_second_correct
        from answers
        group by learner_id, item_id
    ),

    placed_answers as (
        select
            * except (first_answer, item_kind),
            first_answer.statement_id as statement_id,
            first_answer.answered_at as answered_at,
            first_answer.is_correct as is_correct,
            first_answer.answer_statement_id as answer_statement_id,
            first_answer.response_seconds as response_seconds,
            first_answer.is_rapid_guess as is_rapid_guess,
            item_kind = 'problem' as is_problem
        from first_and_second
        inner join items using (item_id)
        left join learners using (learner_id)
    ),

    {# A problem is right when its own statement says so; without one, when all of its parts are. #}
    scored_problems as (
        select
            *,
            coalesce(
                maxIfOrNull(is_correct, is_problem) over problem,
                minIfOrNull(is_correct, not is_problem) over problem
            ) as is_problem_correct,
            row_number() over (
                partition by learner_id, problem_id
                order by item_id
                rows between unbounded preceding and current row
            )
            = 1
            and isNotNull(is_problem_correct) as is_counted
        from placed_answers
        window problem as (partition by learner_id, problem_id)
    ),

    {# The rest is made of the other problems, so that no part is compared with its own problem. #}
    with_rest as (
        select
            *,
            if(
                rest_scope = 'assessment',
                countIf(is_counted) over assessment,
                countIf(is_counted) over course
            )
            - toUInt8(isNotNull(is_problem_correct)) as rest_answered,
            if(
                rest_scope = 'assessment',
                countIf(
                    is_counted and ifNull(is_problem_correct, false)
                ) over assessment,
                countIf(is_counted and ifNull(is_problem_correct, false)) over course
            )
            - toUInt8(ifNull(is_problem_correct, false)) as rest_correct,
            rest_scope != 'none'
            and rest_answered >= least(
                rest_scope_problem_count - 1, {{ var("minimum_rest_problems") }}
            ) as has_rest
        from scored_problems
        window
            assessment as (partition by learner_id, assessment_id),
            course as (partition by learner_id, course_id)
    ),

    with_rest_ratio as (
        select
            *,
            if(
                has_rest, {{ ratio("rest_correct", "rest_answered") }}, null
            ) as rest_ratio,
            isNotNull(rest_ratio)
            and isNotNull(is_correct)
            and not is_excluded as is_ranked
        from with_rest
    ),

    {# Equal scores stay together, whatever the order of the rows: `up_to` counts those at or below. #}
    ranked as (
        select
            *,
            count() over (partition by item_id, is_ranked) as ranked_count,
            count() over (
                partition by item_id, is_ranked
                order by rest_ratio
                range between unbounded preceding and current row
            ) as up_to_count,
            count() over (partition by item_id, is_ranked, rest_ratio) as equal_count
        from with_rest_ratio
    ),

    final as (
        select
            *,
            {# Quintile of the middle rank of the learners with this score, in whole numbers. #}
            if(
                is_ranked,
                least(
                    5, 1 + intDiv(5 * (2 * up_to_count - equal_count), 2 * ranked_count)
                ),
                null
            ) as ability_quintile
        from ranked
        left join chosen_options using (answer_statement_id)
    )

select
    learner_id,
    toLowCardinality(item_id) as item_id,
    problem_id,
    assessment_id,
    course_id,
    problem_position,
    statement_id,
    answered_at,
    toNullable(is_correct) as is_correct,
    answer_statement_id,
    selected_options,
    has_pooled_option,
    response_seconds,
    is_rapid_guess,
    toBool(has_second_attempt) as has_second_attempt,
    is_second_correct,
    is_problem_correct,
    toBool(is_counted) as is_counted_problem,
    toUInt64(rest_answered) as rest_answered_count,
    toUInt64(rest_correct) as rest_correct_count,
    rest_ratio,
    toNullable(toUInt8(ability_quintile)) as ability_quintile,
    toBool(is_excluded) as is_excluded
from final
