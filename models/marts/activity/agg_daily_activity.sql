{{
    config(
        engine="MergeTree()",
        order_by=["activity_date", "course_id"],
        tags=["near_real_time"],
    )
}}

with
    watermark as (
        select complete_through_at
        from {{ ref("agg_data_watermark") }}
        where source = 'all'
    ),

    learners as (
        select learner_id from {{ ref("dim_learners") }} where not is_excluded
    ),

    events as (
        select
            learner_id,
            session_id,
            activity_id,
            verb,
            occurred_date as activity_date,
            coalesce(nullIf(course_id, ''), 'unknown') as event_course_id
        from {{ ref("fct_learning_events") }}
        where learner_id in (select learner_id from learners)
    ),

    intervals as (
        select
            toDate(started_at) as activity_date,
            coalesce(nullIf(course_id, ''), 'unknown') as interval_course_id,
            watched_seconds
        from {{ ref("fct_watch_intervals") }}
        where learner_id in (select learner_id from learners)
    ),

    {# A session counts on every day, and in every course, in which it has an event. #}
    activity as (
        select
            activity_date,
            event_course_id,
            uniqExact(learner_id) as active_learners,
            count() as events,
            uniqExact(session_id) as sessions
        from events
        group by activity_date, event_course_id
    ),

    first_days as (
        select learner_id, event_course_id, min(activity_date) as first_date
        from events
        group by learner_id, event_course_id
    ),

    new_learners as (
        select first_date, event_course_id, count() as new_learners
        from first_days
        group by first_date, event_course_id
    ),

    {# Milliseconds as integers: a sum of floats would depend on the order of the rows. #}
    watched as (
        select
            activity_date,
            interval_course_id,
            sum({{ milliseconds("watched_seconds") }}) as video_milliseconds
        from intervals
        group by activity_date, interval_course_id
    ),

    first_completions as (
        select
            learner_id,
            activity_id,
            event_course_id,
            min(activity_date) as completed_date
        from events
        where verb = 'completed'
        group by learner_id, activity_id, event_course_id
    ),

    completed as (
        select completed_date, event_course_id, count() as completions
        from first_completions
        group by completed_date, event_course_id
    ),

    final as (
        select
            activity.activity_date as activity_date,
            activity.event_course_id as course_id,
            activity.active_learners as active_learners,
            ifNull(new_learners.new_learners, 0) as new_learners,
            activity.events as events,
            activity.sessions as sessions,
            {{ seconds("ifNull(watched.video_milliseconds, 0)") }} as video_seconds,
            ifNull(completed.completions, 0) as completions,
            addDays(toDateTime64(activity.activity_date, 3, 'UTC'), 1)
            > watermark.complete_through_at as is_provisional
        from activity
        cross join watermark
        left join
            new_learners
            on activity.activity_date = new_learners.first_date
            and activity.event_course_id = new_learners.event_course_id
        left join
            watched
            on activity.activity_date = watched.activity_date
            and activity.event_course_id = watched.interval_course_id
        left join
            completed
            on activity.activity_date = completed.completed_date
            and activity.event_course_id = completed.event_course_id
    )

select
    activity_date,
    course_id,
    active_learners,
    new_learners,
    events,
    sessions,
    video_seconds,
    completions,
    toBool(is_provisional) as is_provisional
from final
