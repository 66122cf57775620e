-- One row per hot spot, the most learners lost beyond expectation first; with the first passes that ended in it in the
-- brief's week, whether or not the return horizon is over.
with
    week_exits as (
        select video_id, first_pass_exit_seconds
        from marts.fct_video_views
        where
            is_completed = 0
            and first_pass_left_at >= {week:Date}
            and first_pass_left_at < {week:Date} + 7
            and learner_id not in (select learner_id from marts.dim_learners where is_excluded)
    ),

    spots as (
        select *
        from marts.agg_video_hot_spots
        where {course:String} = 'all' or course_id = {course:String}
    ),

    exits_in_spots as (
        select
            spots.video_id as spot_video_id,
            spots.start_seconds as spot_start_seconds,
            count() as exit_count
        from spots
        inner join week_exits on week_exits.video_id = spots.video_id
        where
            week_exits.first_pass_exit_seconds >= spots.start_seconds
            and week_exits.first_pass_exit_seconds < spots.end_seconds
        group by spot_video_id, spot_start_seconds
    )

select
    spots.video_id as video_id,
    spots.title as title,
    courses.title as course_title,
    modules.title as module_title,
    spots.start_seconds as start_seconds,
    spots.end_seconds as end_seconds,
    spots.started_count as started_count,
    spots.at_risk_count as at_risk_count,
    spots.dropped_count as dropped_count,
    spots.drop_off_ratio as drop_off_ratio,
    spots.drop_off_ratio_low as drop_off_ratio_low,
    spots.drop_off_ratio_high as drop_off_ratio_high,
    spots.hazard as hazard,
    spots.expected_hazard as expected_hazard,
    spots.excess_learners_lost as excess_learners_lost,
    spots.q_value as q_value,
    spots.mark as mark,
    toDate(spots.marked_at) as marked_date,
    exits_in_spots.exit_count as week_exit_count
from spots
left join exits_in_spots
    on exits_in_spots.spot_video_id = spots.video_id
    and exits_in_spots.spot_start_seconds = spots.start_seconds
left join marts.dim_courses as courses on courses.course_id = spots.course_id
left join marts.dim_activities as modules on modules.activity_id = spots.module_id
order by excess_learners_lost desc, video_id, start_seconds
