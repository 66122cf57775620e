{#
    Treating competing endings as censored, one curve each, adds up to more than everybody. A learner who has not ended has
    churned, completed or left: the four shares are 1 together, week by week, and learners at risk are those who were
    there before. A completion that is not reported counts as none.
#}
select cohort_basis, cohort_month, course_id, acquisition_channel, age_weeks
from {{ ref("agg_cohort_survival") }}
where
    abs(
        survival_ratio
        + churned_ratio
        + ifNull(completed_ratio, 0)
        + unenrolled_ratio
        - 1
    )
    > 1e-9
    or at_risk_count < churned_count + ifNull(completed_count, 0) + unenrolled_count
    or at_risk_count + censored_count > cohort_size
