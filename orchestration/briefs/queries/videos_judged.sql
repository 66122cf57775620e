-- One row: how many videos were started, and in how many of them a place could be tested.
select
    uniqExact(curve.video_id) as video_count,
    uniqExactIf(curve.video_id, curve.q_value is not null) as tested_count,
    uniqExactIf(curve.video_id, curve.is_provisional) as provisional_count
from marts.agg_video_drop_off as curve
left join marts.dim_activities as videos on videos.activity_id = curve.video_id
where {course:String} = 'all' or videos.course_id = {course:String}
