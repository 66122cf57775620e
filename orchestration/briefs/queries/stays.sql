-- One row per channel and horizon: how many weeks its learners stay, and how many they lose to churn.
select
    acquisition_channel,
    horizon_weeks,
    cohort_size,
    restricted_mean_active_weeks,
    restricted_mean_active_weeks_low,
    restricted_mean_active_weeks_high,
    weeks_lost_to_churn,
    weeks_lost_to_churn_low,
    weeks_lost_to_churn_high,
    stay_reason
from marts.agg_cohort_stay
where
    cohort_basis = 'first_activity'
    and cohort_month = 'all'
    and course_id = {course:String}
    and acquisition_channel != 'all'
order by horizon_weeks desc, restricted_mean_active_weeks desc nulls last, acquisition_channel
