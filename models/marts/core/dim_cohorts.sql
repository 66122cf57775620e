{{
    config(
        order_by=["cohort_basis", "course_id", "cohort_week"],
        tags=["near_real_time"],
    )
}}

with
    watermark as (
        select complete_through_at, 1 as is_known
        from {{ ref("int_watermarks") }}
        where source = 'all'
    ),

    members as (
        select
            cohort_id,
            cohort_basis,
            course_id,
            cohort_week,
            joined_at,
            cohort_label,
            is_excluded
        from {{ ref("fct_cohort_members") }}
    ),

    by_cohort as (
        select
            cohort_id,
            cohort_basis,
            course_id,
            cohort_week,
            countIf(not is_excluded) as cohort_size,
            countIf(is_excluded) as excluded_count,
            min(joined_at) as first_joined_at,
            max(joined_at) as last_joined_at,
            arraySort(groupUniqArrayIf(cohort_label, cohort_label != '')) as own_labels
        from members
        group by cohort_id, cohort_basis, course_id, cohort_week
    ),

    {# Learner drops alone have no watermark: no week has passed yet. #}
    final as (
        select
            by_cohort.cohort_id as cohort_id,
            toLowCardinality(by_cohort.cohort_basis) as cohort_basis,
            by_cohort.course_id as course_id,
            by_cohort.cohort_week as cohort_week,
            by_cohort.cohort_size as cohort_size,
            by_cohort.excluded_count as excluded_count,
            by_cohort.first_joined_at as first_joined_at,
            by_cohort.last_joined_at as last_joined_at,
            by_cohort.own_labels as own_labels,
            toUInt32(
                if(
                    ifNull(watermark.is_known, 0) = 0,
                    0,
                    greatest(
                        0,
                        intDiv(
                            dateDiff(
                                'day',
                                by_cohort.cohort_week,
                                toMonday(watermark.complete_through_at)
                            ),
                            7
                        )
                    )
                )
            ) as age_weeks,
            addDays(cohort_week, 6) as cohort_end_date,
            toStartOfMonth(cohort_week) as cohort_month,
            formatDateTime(cohort_week, '%G-W%V') as week_label,
            toBool(age_weeks = 0) as is_open
        from by_cohort
        left join watermark on watermark.is_known = 1
    )

select *
from final
