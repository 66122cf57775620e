-- One row per day and course of the week before the brief's week, and of that week.
select activity_date, course_id, active_learners, new_learners, events, video_seconds, completions, is_provisional
from marts.agg_daily_activity
where
    activity_date >= {week:Date} - 7
    and activity_date < {week:Date} + 7
    and ({course:String} = 'all' or course_id = {course:String})
order by activity_date, course_id
