{{
    config(
        order_by=["kind", "course_id", "statement_id"],
        tags=["nightly"],
    )
}}

with
    items as (
        select course_id, activity_id, activity_type, position
        from {{ ref("int_catalog_items__by_course") }}
        where activity_type in ('module', 'assessment')
    ),

    {# What completing a module opens: the next one by position; of two at one position the id decides. #}
    modules as (
        select
            course_id,
            activity_id,
            leadInFrame(activity_id, 1, '') over (
                partition by course_id
                order by position, activity_id
                rows between unbounded preceding and unbounded following
            ) as next_activity_id
        from items
        where activity_type = 'module' and position is not null
    ),

    assessments as (
        select course_id, activity_id from items where activity_type = 'assessment'
    ),

    events as (
        select
            statement_id,
            source,
            learner_id,
            course_id,
            activity_id,
            activity_type,
            verb,
            occurred_at,
            is_completed,
            is_correct,
            score_scaled
        from {{ ref("fct_learning_events") }}
        where activity_id in (select activity_id from items)
    ),

    completions as (
        select
            events.statement_id as statement_id,
            toLowCardinality('unlock') as kind,
            events.source as source,
            events.learner_id as learner_id,
            events.course_id as course_id,
            modules.next_activity_id as activity_id,
            events.occurred_at as occurred_at,
            CAST(null, 'Nullable(Bool)') as is_correct,
            CAST(null, 'Nullable(Float64)') as score_scaled
        from events
        inner join
            modules
            on events.course_id = modules.course_id
            and events.activity_id = modules.activity_id
        where modules.next_activity_id != '' and {{ is_completion() }}
    ),

    results as (
        select
            statement_id,
            toLowCardinality('remediate') as kind,
            source,
            learner_id,
            course_id,
            activity_id,
            occurred_at,
            {{ is_right("is_correct", "verb") }} as is_correct,
            score_scaled
        from events
        where
            (course_id, activity_id) in (select course_id, activity_id from assessments)
            and {{ is_answer_or_grade() }}
    )

select *
from completions
union all
select *
from results
