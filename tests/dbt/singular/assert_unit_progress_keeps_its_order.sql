{#
    No learner reaches a unit before being eligible or completes it before reaching it, and a learner's stratum is the
    same in all units of a course: a learner in two strata would be standardised twice.
#}
select learner_id, course_id
from {{ ref("fct_unit_progress") }}
group by learner_id, course_id
having
    countIf(reached_at < eligible_at) > 0
    or countIf(completed_at < reached_at) > 0
    or countIf(last_active_at < reached_at) > 0
    or uniqExact(cohort_month, acquisition_channel, eligible_at) > 1
