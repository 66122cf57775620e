{#
    Treating competing endings as censored, one curve each, adds up to more than everybody. Whoever has not ended has
    churned, completed or left: the four shares are 1 together, week by week, and learners at risk are those who were
    there before.
#}
select cohort_basis, cohort_month, course_id, acquisition_channel, age_weeks
from {{ ref("agg_cohort_survival") }}
where
    abs(survival_ratio + churned_ratio + completed_ratio + unenrolled_ratio - 1) > 1e-9
    or at_risk_count < churned_count + completed_count + unenrolled_count
    or at_risk_count + censored_count > cohort_size
