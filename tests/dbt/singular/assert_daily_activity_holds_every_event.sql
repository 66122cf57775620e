{#
    Events without a course once fell out of the daily numbers, which then stayed below the event count for no reason
    that a reader could see. Every event of a learner who is not excluded is in exactly one row, and each learner is
    new exactly once per course.
#}
with
    learners as (
        select learner_id from {{ ref("dim_learners") }} where not is_excluded
    ),

    expected as (
        select
            count() as event_count,
            uniqExact(learner_id, course_id) as learner_count,
            uniqExact(session_id, course_id, occurred_date) as session_count
        from {{ ref("fct_learning_events") }}
        where learner_id in (select learner_id from learners)
    ),

    watched as (
        select sum(watched_seconds) as watched_seconds
        from {{ ref("fct_watch_intervals") }}
        where learner_id in (select learner_id from learners)
    ),

    counted as (
        select
            sum(events) as event_count,
            sum(new_learners) as learner_count,
            sum(sessions) as session_count,
            sum(video_seconds) as watched_seconds
        from {{ ref("agg_daily_activity") }}
    )

select
    counted.event_count,
    counted.learner_count,
    counted.session_count,
    counted.watched_seconds,
    expected.event_count as expected_event_count,
    expected.learner_count as expected_learner_count,
    expected.session_count as expected_session_count,
    watched.watched_seconds as expected_watched_seconds
from counted
cross join expected
cross join watched
where
    counted.event_count != expected.event_count
    or counted.learner_count != expected.learner_count
    or counted.session_count != expected.session_count
    or counted.watched_seconds != watched.watched_seconds
