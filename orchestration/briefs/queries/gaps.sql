-- One row per question and unit before it that should have taught it and did not.
select
    gaps.item_title as item_title,
    gaps.unit_title as unit_title,
    courses.title as course_title,
    gaps.basis as basis,
    gaps.examinee_count as examinee_count,
    gaps.covered_count as covered_count,
    gaps.uncovered_count as uncovered_count,
    gaps.covered_ratio as covered_ratio,
    gaps.covered_correct_ratio as covered_correct_ratio,
    gaps.covered_correct_ratio_low as covered_correct_ratio_low,
    gaps.covered_correct_ratio_high as covered_correct_ratio_high,
    gaps.uncovered_correct_ratio as uncovered_correct_ratio,
    gaps.uncovered_correct_ratio_low as uncovered_correct_ratio_low,
    gaps.uncovered_correct_ratio_high as uncovered_correct_ratio_high,
    gaps.risk_difference as risk_difference,
    gaps.risk_difference_low as risk_difference_low,
    gaps.risk_difference_high as risk_difference_high,
    gaps.comparable_reason as comparable_reason,
    gaps.verdict as verdict
from marts.agg_instructional_gaps as gaps
left join marts.dim_courses as courses on courses.course_id = gaps.course_id
where gaps.is_gap and ({course:String} = 'all' or gaps.course_id = {course:String})
order by gaps.verdict = 'skipped', gaps.examinee_count desc, item_title, gaps.distance
