{{
    config(
        materialized="touched",
        replaces="activity_date in (select activity_date from {{ ref('int_touched_days') }}) "
        ~ "or is_provisional != ({{ is_provisional_day() }})",
        basis=["select learner_id from {{ ref('dim_learners') }} where is_excluded"],
        sampled_by="activity_date",
        order_by=["activity_date", "course_id"],
        tags=["near_real_time"],
    )
}}

{%- set touched_days = ref("int_touched_days") %}
{%- set in_touched_months -%}
    in (select toYYYYMM(activity_date) from {{ touched_days }})
{%- endset %}
{%- set in_touched_days -%}
    in (select activity_date from {{ touched_days }})
{%- endset %}

with
    excluded as (select learner_id from {{ ref("dim_learners") }} where is_excluded),

    events as (
        select
            learner_id,
            session_id,
            occurred_date as activity_date,
            coalesce(nullIf(course_id, ''), 'unknown') as event_course_id
        from {{ ref("fct_learning_events") }}
        where
            {% if is_touched_build() %}
                occurred_date {{ in_touched_days }}
                and toYYYYMM(occurred_at) {{ in_touched_months }}
                and
            {% endif %} learner_id
            not in (select learner_id from excluded)
    ),

    {# A cohort member joins with the first event in the course; those that are no courses are looked up among the events. #}
    first_events as (
        select
            learner_id, course_id as event_course_id, toDate(joined_at) as activity_date
        from {{ ref("fct_cohort_members") }}
        where cohort_basis = 'first_activity' and course_id != 'all' and not is_excluded
        union all
        select
            learner_id,
            coalesce(nullIf(course_id, ''), 'unknown') as event_course_id,
            occurred_date as activity_date
        from {{ ref("fct_learning_events") }}
        where
            course_id in ('', 'all')
            and learner_id not in (select learner_id from excluded)
    ),

    {# All that their learners ever completed: a first is one only if none lies before it. #}
    completions as (
        select
            learner_id,
            activity_id,
            occurred_date as activity_date,
            coalesce(nullIf(course_id, ''), 'unknown') as event_course_id
        from {{ ref("fct_learning_events") }}
        where
            verb = 'completed'
            {% if is_touched_build() %}
                and learner_id in (
                    select learner_id
                    from {{ ref("fct_learning_events") }}
                    where
                        verb = 'completed'
                        and occurred_date {{ in_touched_days }}
                        and toYYYYMM(occurred_at) {{ in_touched_months }}
                )
            {% endif %}
            and learner_id not in (select learner_id from excluded)
    ),

    intervals as (
        select
            toDate(started_at) as activity_date,
            coalesce(nullIf(course_id, ''), 'unknown') as interval_course_id,
            watched_seconds
        from {{ ref("fct_watch_intervals") }}
        where
            {% if is_touched_build() %}
                toDate(started_at) {{ in_touched_days }}
                and toYYYYMM(started_at) {{ in_touched_months }}
                and
            {% endif %} learner_id
            not in (select learner_id from excluded)
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
        from first_events
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
        from completions
        group by learner_id, activity_id, event_course_id
    ),

    completed as (
        select completed_date, event_course_id, count() as completed_count
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
            ifNull(completed.completed_count, 0) as completions,
            {{ is_provisional_day() }} as is_provisional
        from activity
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
    CAST(course_id, 'String') as course_id,
    active_learners,
    new_learners,
    events,
    sessions,
    video_seconds,
    completions,
    toBool(is_provisional) as is_provisional
from final
{% if is_touched_build() %}
    union all
    {# Nothing about these changed but the watermark. #}
    select * except (is_provisional), {{ is_provisional_day() }} as is_still_provisional
    from {{ this }}
    where
        activity_date not {{ in_touched_days }}
        and is_provisional != ({{ is_provisional_day() }})
{% endif %}
