-- One row per channel and week since the start: the share of learners who have not ended in any way.
select
    acquisition_channel,
    age_weeks,
    cohort_size,
    at_risk_count,
    survival_ratio,
    survival_ratio_low,
    survival_ratio_high,
    survival_reason
from marts.agg_cohort_survival
where
    cohort_basis = 'first_activity'
    and cohort_month = 'all'
    and course_id = {course:String}
    and acquisition_channel != 'all'
    and age_weeks <= 11
order by acquisition_channel, age_weeks
