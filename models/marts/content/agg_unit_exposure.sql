{{
    config(
        order_by=["course_id", "unit_id", "period"],
    )
}}

with
    learners as (
        select learner_id from {{ ref("dim_learners") }} where not is_excluded
    ),

    units as (select unit_id, course_id from {{ ref("dim_units") }}),

    enrolments as (
        select learner_id, course_id, toNullable(enrolled_at) as known_at
        from {{ ref("fct_enrolments") }}
        where learner_id in (select learner_id from learners)
    ),

    progress as (
        select learner_id, course_id, toNullable(eligible_at) as known_at
        from {{ ref("fct_unit_progress") }}
        where learner_id in (select learner_id from learners)
    ),

    unit_strata as (
        select course_id, unit_id, period, reached_count
        from {{ ref("agg_unit_strata") }}
    ),

    {# An enrolment of unknown date counts as there from the start: '' is before every month. #}
    course_learners as (
        select
            learner_id,
            course_id,
            ifNull(formatDateTime(min(known_at), '%Y-%m'), '') as eligible_month
        from
            (
                select learner_id, course_id, known_at
                from enrolments
                union all
                select learner_id, course_id, known_at
                from progress
            )
        group by learner_id, course_id
    ),

    course_months as (
        select course_id, eligible_month, count() as learner_count
        from course_learners
        group by course_id, eligible_month
    ),

    unit_periods as (
        select course_id, unit_id, period, sum(reached_count) as reached_count
        from unit_strata
        group by course_id, unit_id, period
    ),

    {# A unit that no learner reached has no period there: it gets `all`. #}
    reached as (
        select
            units.course_id as course_id,
            units.unit_id as unit_id,
            ifNull(nullIf(unit_periods.period, ''), 'all') as period,
            ifNull(unit_periods.reached_count, 0) as reached_count
        from units
        left join unit_periods using (course_id, unit_id)
    ),

    {# Months sort by time; `all` is apart, nothing comes before it. #}
    reached_with_earlier as (
        select
            course_id,
            unit_id,
            period,
            reached_count,
            sum(reached_count) over (
                partition by course_id, unit_id, period = 'all'
                order by period
                rows between unbounded preceding and 1 preceding
            ) as earlier_count
        from reached
    ),

    {# Eligible in a month: enrolled by its end and not there before it began. #}
    final as (
        select
            reached_with_earlier.course_id as course_id,
            reached_with_earlier.unit_id as unit_id,
            toLowCardinality(reached_with_earlier.period) as period,
            reached_with_earlier.reached_count as reached_count,
            sumIf(
                ifNull(course_months.learner_count, 0),
                reached_with_earlier.period = 'all'
                or course_months.eligible_month <= reached_with_earlier.period
            ) as enrolled_count,
            toUInt64(
                greatest(
                    0,
                    toInt64(enrolled_count)
                    - toInt64(reached_with_earlier.earlier_count)
                )
            ) as eligible_count
        from reached_with_earlier
        left join course_months using (course_id)
        group by
            course_id,
            unit_id,
            period,
            reached_count,
            reached_with_earlier.earlier_count
    )

select * except (enrolled_count)
from final
