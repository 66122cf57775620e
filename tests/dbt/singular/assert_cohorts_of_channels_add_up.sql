{#
    A learner has one channel in a cohort, so the channels' cohorts add up to the cohort of `all`, week by week. The
    first enrolment in two courses on one day must not count twice.
#}
select
    cohort_basis,
    cohort_week,
    course_id,
    sumIf(cohort_size, acquisition_channel = 'all') as all_size,
    sumIf(cohort_size, acquisition_channel != 'all') as channels_size
from {{ ref("agg_cohort_retention") }}
where age_weeks = 0 and definition = 'bounded'
group by cohort_basis, cohort_week, course_id
having all_size != channels_size
