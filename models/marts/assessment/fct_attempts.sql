{{
    config(
        materialized="touched",
        replaces="learner_id in (select learner_id from {{ ref('int_touched_timeline') }}) "
        ~ "or statement_id in (select statement_id from {{ touched_aside(this, 'new') }})",
        engine="MergeTree()",
        partition_by="toYYYYMM(answered_at)",
        order_by=["item_id", "learner_id", "attempt_number"],
        tags=["near_real_time"],
        query_settings={"allow_reorder_prewhere_conditions": 0},
    )
}}

{%- set timeline = ref("int_touched_timeline") %}
{%- set learner_courses = ref("int_learner_courses") %}
{%- set is_of_this_build %}
    {% if is_touching() %}
        learner_id in (select learner_id from {{ timeline }})
        and {{ is_in_time_of(timeline, learner_courses) }}
    {% else %} {{ is_in_batch("learner_id") }}
    {% endif %}
{% endset %}

with
    statements as (
        select
            statement_id,
            learner_id,
            verb,
            activity_id,
            parent_activity_id,
            course_id,
            occurred_at,
            selected_options,
            is_correct,
            score_scaled,
            duration_seconds,
            attempt_number_reported,
            {{ is_attempt() }} as is_attempt,
            if(
                activity_type in ('question', 'assessment', 'course', 'module'),
                '',
                activity_id
            ) as studied_id
        from {{ ref("int_statements__deduplicated") }}
        where {{ is_of_this_build }}
    ),

    {# By learner and course in the order of time. One look at the statements: reading them is most of the work. #}
    histories as (
        select
            learner_id,
            course_id,
            arraySort(
                groupArray((occurred_at, statement_id, studied_id, is_attempt))
            ) as events,
            arraySort(
                groupArrayIf(
                    (
                        occurred_at,
                        statement_id,
                        verb,
                        activity_id,
                        parent_activity_id,
                        selected_options,
                        is_correct,
                        score_scaled,
                        duration_seconds,
                        attempt_number_reported
                    ),
                    is_attempt
                )
            ) as attempts
        from statements
        group by learner_id, course_id
        having notEmpty(attempts)
    ),

    {# The activity studied before, questions and their containers aside: the last one is carried on over them. #}
    attempts as (
        select
            learner_id,
            course_id,
            attempt .1 as occurred_at,
            attempt .2 as statement_id,
            attempt .3 as verb,
            attempt .4 as activity_id,
            attempt .5 as parent_activity_id,
            attempt .6 as selected_options,
            attempt .7 as is_correct,
            attempt .8 as score_scaled,
            attempt .9 as duration_seconds,
            attempt .10 as attempt_number_reported,
            preceding_activity_id
        from histories
        array join
            attempts as attempt,
            arrayFilter(
                (studied_before, event) -> event .4,
                arrayPushFront(
                    arrayPopBack(arrayFill(studied -> studied != '', events .3)), ''
                ),
                events
            ) as preceding_activity_id
    ),

    numbered as (
        select
            *,
            row_number() over (
                partition by learner_id, activity_id order by occurred_at, statement_id
            ) as attempt_number
        from attempts
    ),

    item_times as (select item_id, median_seconds from {{ ref("int_item_times") }}),

    {# The gap before is an upper estimate where the player reports no duration. #}
    sessionized as (
        select statement_id, session_id, gap_before_ms
        from {{ ref("int_statements__sessionized") }}
        where {{ is_of_this_build }} and activity_type = 'question'
    ),

    activities as (select activity_id, module_id from {{ ref("dim_activities") }}),

    final as (
        select
            numbered.statement_id as statement_id,
            numbered.learner_id as learner_id,
            numbered.activity_id as item_id,
            numbered.parent_activity_id as assessment_id,
            numbered.course_id as course_id,
            activities.module_id as module_id,
            sessionized.session_id as session_id,
            numbered.attempt_number as attempt_number,
            numbered.attempt_number = 1 as is_first_attempt,
            numbered.attempt_number_reported as attempt_number_reported,
            numbered.occurred_at as answered_at,
            multiIf(
                numbered.is_correct is not null,
                numbered.is_correct,
                numbered.verb = 'passed',
                true,
                numbered.verb = 'failed',
                false,
                null
            ) as is_correct,
            numbered.score_scaled as score_scaled,
            numbered.selected_options as selected_options,
            numbered.duration_seconds as response_seconds,
            if(
                sessionized.gap_before_ms is null,
                null,
                {{
                    seconds(
                        "least(assumeNotNull(sessionized.gap_before_ms), 1000 * "
                        ~ var("active_cap_problem_seconds")
                        ~ ")"
                    )
                }}
            ) as response_seconds_estimated,
            {{
                is_rapid_guess(
                    "numbered.duration_seconds", "item_times.median_seconds"
                )
            }} as is_rapid_guess,
            numbered.preceding_activity_id as preceding_activity_id
        from numbered
        left join item_times on numbered.activity_id = item_times.item_id
        left join sessionized on numbered.statement_id = sessionized.statement_id
        left join activities on numbered.activity_id = activities.activity_id
    )

{# Few items have many attempts each: compared and grouped as numbers, one course's items take 60 ms instead of 140. #}
select
    statement_id,
    learner_id,
    toLowCardinality(item_id) as item_id,
    assessment_id,
    course_id,
    module_id,
    session_id,
    attempt_number,
    is_first_attempt,
    attempt_number_reported,
    answered_at,
    is_correct,
    score_scaled,
    selected_options,
    response_seconds,
    response_seconds_estimated,
    is_rapid_guess,
    preceding_activity_id
from final
{% if is_touching() %}
    union all
    select
        statement_id,
        learner_id,
        item_id,
        assessment_id,
        course_id,
        module_id_now,
        session_id,
        attempt_number,
        is_first_attempt,
        attempt_number_reported,
        answered_at,
        is_correct,
        score_scaled,
        selected_options,
        response_seconds,
        response_seconds_estimated,
        is_rapid_guess_now,
        preceding_activity_id
    from ({{ outdated_attempts(timeline) }})
{% endif %}
