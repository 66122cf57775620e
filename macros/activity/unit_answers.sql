{#
    Query of the first answers of a learner in a module, as one array: `answers` of `fct_unit_progress`. `attempts` has
    named_course_id beside what is shown, `unnamed_courses` is as `courses_of_unnamed` yields it. `is_judged`: whether it
    is known to be right or wrong; `is_test`: whether it is a question's or an assessment's.
#}
{% macro answers_by_module(attempts, unnamed_courses, course_activities) -%}
    select
        placed_attempts.learner_id as learner_id,
        placed_attempts.course_id as course_id,
        {{ course_activities }}.module_id as module_id,
        groupArray(
            {{
                named_tuple(
                    assessment_id="placed_attempts.assessment_id",
                    answered_at="placed_attempts.answered_at",
                    is_right="toUInt8(ifNull(placed_attempts.is_correct, false))",
                    is_judged="toUInt8(isNotNull(placed_attempts.is_correct))",
                    is_test="placed_attempts.is_test",
                )
            }}
        ) as answered
    from
        (
            select
                {{ attempts }}.learner_id as learner_id,
                if(
                    {{ attempts }}.named_course_id != '',
                    {{ attempts }}.named_course_id,
                    {{ unnamed_courses }}.found_course_id
                ) as course_id,
                {{ attempts }}.item_id as item_id,
                {{ attempts }}.assessment_id as assessment_id,
                {{ attempts }}.is_test as is_test,
                {{ attempts }}.answered_at as answered_at,
                {{ attempts }}.is_correct as is_correct
            from {{ attempts }}
            left join
                {{ unnamed_courses }}
                on {{ attempts }}.learner_id = {{ unnamed_courses }}.learner_id
                and {{ attempts }}.item_id = {{ unnamed_courses }}.activity_id
        ) as placed_attempts
    inner join
        {{ course_activities }}
        on placed_attempts.course_id = {{ course_activities }}.course_id
        and placed_attempts.item_id = {{ course_activities }}.activity_id
    group by learner_id, course_id, module_id
{%- endmacro %}

{#
    First attempts that assess a unit: a module's and an assessment's own items, and the grade of the unit itself; for
    any other unit also the questions and assessments of its module that were first answered after the learner had
    reached it.
#}
{% macro assessing_answers(unit, answered) -%}
    arrayFilter(
        answer -> multiIf(
            {{ unit }}.unit_kind = 'module',
            {{ unit }}.module_id != '',
            {{ unit }}.activity_type = 'assessment',
            answer.assessment_id = {{ unit }}.unit_id,
            (not answer.is_test and answer.assessment_id = {{ unit }}.unit_id)
            or (
                answer.is_test
                and {{ unit }}.module_id != ''
                and answer.answered_at >= {{ unit }}.reached_at
            )
        ),
        {{ answered }}
    )
{%- endmacro %}
