{#
    Who is active in a week is active in that week or later, and who is active in a later week also is from an earlier
    one on: unbounded retention is never below bounded, and within a cohort it never rises with age.
#}
with
    cells as (
        select
            cohort_basis,
            cohort_week,
            course_id,
            acquisition_channel,
            age_weeks,
            maxIf(active_count, definition = 'bounded') as bounded_count,
            maxIf(active_count, definition = 'unbounded') as unbounded_count
        from {{ ref("agg_cohort_retention") }}
        where isNotNull(active_count)
        group by cohort_basis, cohort_week, course_id, acquisition_channel, age_weeks
    ),

    with_previous as (
        select
            *,
            lagInFrame(toNullable(unbounded_count)) over (
                partition by cohort_basis, cohort_week, course_id, acquisition_channel
                order by age_weeks
                rows between unbounded preceding and unbounded following
            ) as previous_count
        from cells
    )

select cohort_basis, cohort_week, course_id, acquisition_channel, age_weeks
from with_previous
where unbounded_count < bounded_count or unbounded_count > previous_count
