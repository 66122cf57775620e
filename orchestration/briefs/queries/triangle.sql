-- One row per cohort week and week of age, over all channels: active in that very week.
select
    cohort_week,
    age_weeks,
    cohort_size,
    active_count,
    retention_ratio,
    retention_ratio_low,
    retention_ratio_high,
    retention_reason
from marts.agg_cohort_retention
where
    cohort_basis = 'first_activity'
    and definition = 'bounded'
    and acquisition_channel = 'all'
    and course_id = {course:String}
    and cohort_week > {week:Date} - 7 * 12
    and age_weeks <= 11
order by cohort_week, age_weeks
