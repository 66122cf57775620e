"""What a dashboard asks of the marts: six typical questions, timed as a reader waits for them."""

from tests.benchmarks.report import Target
from tests.benchmarks.stopwatch import best
from tests.benchmarks.workbench import Workbench

MOST_SECONDS = Target(0.1)
QUESTIONS = {
    "activity of the last 30 days by course": """
        select activity_date, course_id, active_learners, new_learners, video_seconds from marts.agg_daily_activity
        where activity_date > (select max(activity_date) from marts.agg_daily_activity) - 30
        order by activity_date, course_id
    """,
    "sessions by day of the last 30 days": """
        select toDate(started_at) as day, count(), uniq(learner_id), avg(active_seconds_low), avg(is_bounce)
        from marts.fct_sessions
        where started_at > (select max(complete_through_at) from marts.agg_data_watermark) - toIntervalDay(30)
        group by day order by day
    """,
    "one learner's timeline": """
        select occurred_at, verb, activity_id from marts.fct_learning_events
        where learner_id = (select max(learner_id) from marts.dim_learners) order by occurred_at
    """,
    "watching of one video": """
        select count(), avg(coverage_ratio), avg(is_completed), quantile(0.5)(watched_seconds)
        from marts.fct_video_views
        where video_id = (select max(activity_id) from marts.dim_activities where activity_type = 'video')
    """,
    "first attempts of one course's items": """
        select item_id, count(), avg(is_correct), quantile(0.5)(response_seconds) from marts.fct_attempts
        where is_first_attempt and item_id in (
            select activity_id from marts.dim_activities
            where activity_type = 'question' and course_id = (select max(course_id) from marts.dim_courses)
        )
        group by item_id order by item_id
    """,
    "learners by channel": """
        select acquisition_channel, count(), avg(event_count) from marts.dim_learners
        where not is_excluded group by acquisition_channel order by acquisition_channel
    """,
}


def measure_questions(bench: Workbench, part: str, size: int, repeats: int) -> None:
    for name, question in QUESTIONS.items():
        bench.client.query(question)
        cost = best([bench.stopwatch.cost_of(lambda asked=question: bench.client.query(asked)) for _ in range(repeats)])
        bench.report.add(part, f"{name}, {size:,} statements", cost.seconds, "s", MOST_SECONDS)
