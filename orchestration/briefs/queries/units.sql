-- One row per unit over all time that is a module, or whose verdict is not `working`. The completions missing are
-- expected less counted: both stand in the mart.
select
    content.unit_id as unit_id,
    content.course_id as course_id,
    content.module_id as module_id,
    content.unit_kind as unit_kind,
    content.activity_type as activity_type,
    content.title as title,
    courses.title as course_title,
    content.position as position,
    content.reached_count as reached_count,
    content.completed_count as completed_count,
    content.open_count as open_count,
    content.completion_ratio as completion_ratio,
    content.completion_ratio_low as completion_ratio_low,
    content.completion_ratio_high as completion_ratio_high,
    content.completion_reason as completion_reason,
    content.completion_ratio_standardised as completion_ratio_standardised,
    content.completion_ratio_standardised_low as completion_ratio_standardised_low,
    content.completion_ratio_standardised_high as completion_ratio_standardised_high,
    content.comparable_reason as comparable_reason,
    content.completion_benchmark as completion_benchmark,
    content.expected_completed_count - content.completed_count as missing_completions,
    content.judged_count as judged_count,
    content.assessment_ratio as assessment_ratio,
    content.assessment_ratio_low as assessment_ratio_low,
    content.assessment_ratio_high as assessment_ratio_high,
    content.assessment_benchmark as assessment_benchmark,
    content.timed_count as timed_count,
    content.expected_seconds as expected_seconds,
    content.median_time_ratio as median_time_ratio,
    content.median_time_ratio_low as median_time_ratio_low,
    content.median_time_ratio_high as median_time_ratio_high,
    content.verdict as verdict,
    content.verdict_reason as verdict_reason
from marts.agg_content_effectiveness as content
left join marts.dim_courses as courses on courses.course_id = content.course_id
where
    content.period = 'all'
    and ({course:String} = 'all' or content.course_id = {course:String})
    and (content.unit_kind = 'module' or content.verdict not in ('working', 'not_comparable'))
order by course_title, content.course_id, unit_kind desc, position, unit_id
