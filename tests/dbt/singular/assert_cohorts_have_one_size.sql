{#
    The cohorts of dim_cohorts are those of agg_cohort_retention: same weeks, same learners. Two definitions of a
    cohort would give two sizes. Retention has no row for a cohort that lies after the watermark.
#}
with
    retention as (
        select distinct cohort_basis, course_id, cohort_week, cohort_size as shown_size
        from {{ ref("agg_cohort_retention") }}
        where acquisition_channel = 'all'
    ),

    cohorts as (
        select cohort_basis, course_id, cohort_week, cohort_size
        from {{ ref("dim_cohorts") }}
    )

select cohort_basis, course_id, cohort_week, shown_size, cohort_size
from retention
left join cohorts using (cohort_basis, course_id, cohort_week)
where cohort_size != shown_size
