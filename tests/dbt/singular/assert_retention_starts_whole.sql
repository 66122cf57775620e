{#
    A learner's first week is the week that makes the cohort: retention since the first activity is 1 at age 0, by
    both definitions. Anything else means that cohorts and activity are cut at different Mondays.
#}
select cohort_week, course_id, acquisition_channel, definition, retention_ratio
from {{ ref("agg_cohort_retention") }}
where
    cohort_basis = 'first_activity'
    and age_weeks = 0
    and isNotNull(retention_ratio)
    and retention_ratio != 1
