{{
    config(
        order_by=["activity_date"],
        tags=["near_real_time", "touched_set"],
    )
}}

{#
    Days of which a count can have changed: those of touched stretches and, because a learner is new once and completes
    an activity once, the days on which these firsts lie without the touched statements.
#}
{%- set touched_learners = ref("int_touched_learners") %}
{%- set learner_courses = ref("int_learner_courses") %}

with
    touched_learners as (
        select learner_id as touched_learner_id, first_touched_at
        from {{ touched_learners }}
    ),

    points as (
        select statement_key, learner_id, activity_id
        from {{ ref("int_touched_points") }}
    ),

    untouched as (
        select
            learner_id,
            course_id,
            activity_id,
            verb = 'completed'
            and (learner_id, activity_id)
            in (select learner_id, activity_id from points) as is_completion,
            toDate(occurred_at) as activity_date
        from {{ ref("int_statements__deduplicated") }}
        where
            learner_id in (select touched_learner_id from touched_learners)
            and {{ is_in_time_of(touched_learners, learner_courses) }}
            and statement_key not in (select statement_key from points)
    ),

    {# Of those that are first without the touched ones, these come second, or came second. #}
    firsts as (
        select learner_id, min(activity_date) as first_date
        from untouched
        group by learner_id, course_id
        union all
        select learner_id, min(activity_date) as first_date
        from untouched
        where is_completion
        group by learner_id, course_id, activity_id
    ),

    final as (
        select toDate(occurred_at) as activity_date
        from {{ ref("int_touched_timeline") }}
        union distinct
        select firsts.first_date as activity_date
        from firsts
        inner join
            touched_learners on firsts.learner_id = touched_learners.touched_learner_id
        where toDate(touched_learners.first_touched_at) <= firsts.first_date
    )

select activity_date
from final
