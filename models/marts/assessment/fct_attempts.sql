{{
    config(
        materialized="touched",
        replaces="learner_id in (select learner_id from {{ ref('int_touched_timeline') }}) "
        ~ "or statement_id in (select statement_id from ({{ outdated_attempts() }}))",
        engine="MergeTree()",
        partition_by="toYYYYMM(answered_at)",
        order_by=["item_id", "learner_id", "attempt_number"],
        tags=["near_real_time"],
    )
}}

{%- set timeline = ref("int_touched_timeline") %}

with
    statements as (
        select
            statement_id,
            learner_id,
            verb,
            activity_id,
            activity_type,
            parent_activity_id,
            course_id,
            registration_id,
            is_part,
            occurred_at,
            response,
            is_correct,
            score_scaled,
            duration_seconds,
            attempt_number_reported
        from {{ ref("int_statements__deduplicated") }}
        {% if is_touching() %}
            where learner_id in (select learner_id from {{ timeline }})
        {% endif %}
    ),

    {# The activity studied before, questions and their containers aside. #}
    with_preceding as (
        select
            *,
            ifNull(
                anyLast(
                    if(
                        activity_type in ('question', 'assessment', 'course', 'module')
                        or activity_id = '',
                        null,
                        activity_id
                    )
                ) over (
                    partition by learner_id, course_id
                    order by occurred_at, statement_id
                    rows between unbounded preceding and 1 preceding
                ),
                ''
            ) as preceding_activity_id
        from statements
    ),

    attempts as (select * from with_preceding where {{ is_attempt() }}),

    numbered as (
        select
            *,
            row_number() over (
                partition by learner_id, activity_id order by occurred_at, statement_id
            ) as attempt_number
        from attempts
    ),

    item_times as (select item_id, median_seconds from {{ ref("int_item_times") }}),

    {# Of the event before in the session: an upper estimate where the player reports no duration. #}
    sessionized as (
        select
            statement_id,
            session_id,
            lagInFrame(gap_ms) over whole_session as gap_before_ms,
            row_number() over whole_session as event_number
        from {{ ref("int_statements__sessionized") }}
        {% if is_touching() %}
            where learner_id in (select learner_id from {{ timeline }})
        {% endif %}
        window
            whole_session as (
                partition by session_id
                order by occurred_at, statement_id
                rows between unbounded preceding and unbounded following
            )
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
            if(
                ifNull(numbered.response, '') = '',
                [],
                splitByString('[,]', ifNull(numbered.response, ''))
            ) as selected_options,
            numbered.duration_seconds as response_seconds,
            if(
                sessionized.event_number > 1,
                {{
                    seconds(
                        "least(sessionized.gap_before_ms, 1000 * "
                        ~ var("active_cap_problem_seconds")
                        ~ ")"
                    )
                }},
                null
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

select
    statement_id,
    learner_id,
    item_id,
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
    from ({{ outdated_attempts() }})
    where learner_id not in (select learner_id from {{ timeline }})
{% endif %}
