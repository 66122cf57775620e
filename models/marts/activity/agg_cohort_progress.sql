{{
    config(
        materialized="touched",
        replaces="course_id in (select course_id from {{ ref('int_touched_courses') }})",
        basis=[
            "select unit_id, unit_kind, activity_type, course_id from {{ ref('dim_units') }}",
            "select distinct addDays(cohort_week, 7 * age_weeks) from {{ ref('dim_cohorts') }} "
            ~ "where age_weeks > 0 and course_id != 'all'",
            "{{ listed_enrolments() }}",
            "select distinct learner_id from {{ ref('fct_cohort_members') }} where is_excluded",
        ],
        sampled_by="course_id",
        order_by=["cohort_basis", "course_id", "cohort_week"],
        tags=["near_real_time"],
    )
}}

{# Only `basis` reads them: named here, so that dbt builds them first. #}
{%- set enrolments = ref("fct_enrolments") %}

with
    cohorts as (
        select cohort_id, cohort_basis, course_id, cohort_week, cohort_size, age_weeks
        from {{ ref("dim_cohorts") }}
        where {{ is_in_touched_course() }} and course_id != 'all' and cohort_size > 0
    ),

    members as (
        select cohort_id, cohort_basis, course_id, cohort_week, learner_id
        from {{ ref("fct_cohort_members") }}
        where {{ is_in_touched_course() }} and course_id != 'all' and not is_excluded
    ),

    units as (
        select unit_id, activity_type, course_id
        from {{ ref("dim_units") }}
        where {{ is_in_touched_course() }} and unit_kind = 'activity'
    ),

    progress as (
        select
            learner_id,
            unit_id,
            course_id,
            activity_type,
            is_completed,
            toDate(completed_at) as completed_date
        from {{ ref("fct_unit_progress") }}
        where {{ is_in_touched_course() }} and unit_kind = 'activity'
    ),

    {# Units of a type that no learner ever completed (pages, mostly) do not report completion and cannot be done. #}
    unit_counts as (
        select course_id, count() as unit_count
        from units
        where
            (course_id, activity_type)
            in (select course_id, activity_type from progress where is_completed)
        group by course_id
    ),

    learner_progress as (
        select
            learner_id,
            course_id,
            groupArrayIf(assumeNotNull(completed_date), is_completed) as completed_dates
        from progress
        group by learner_id, course_id
    ),

    {#
        Ages in whole weeks since the cohort's Monday; what was done before it has age 0. Members without progress stay.
        Those of a cohort who completed as many units at the same ages count as one entry: of 240,000 members of two
        courses 27,000 remain.
    #}
    member_progress as (
        select
            members.cohort_basis as cohort_basis,
            members.course_id as course_id,
            members.cohort_week as cohort_week,
            learner_progress.learner_id != '' as has_started,
            arraySort(
                arrayMap(
                    completed_date -> greatest(
                        0,
                        intDiv(dateDiff('day', members.cohort_week, completed_date), 7)
                    ),
                    learner_progress.completed_dates
                )
            ) as completed_ages,
            count() as member_count
        from members
        left join
            learner_progress
            on members.learner_id = learner_progress.learner_id
            and members.course_id = learner_progress.course_id
        group by cohort_basis, course_id, cohort_week, has_started, completed_ages
    ),

    {# A cohort's own members and, once it has an age, those of all earlier ones: completed units by its age. #}
    compared as (
        select
            cohorts.cohort_id as cohort_id,
            member_progress.cohort_week = cohorts.cohort_week as is_own,
            member_progress.has_started as has_started,
            member_progress.member_count as member_count,
            arrayWithConstant(
                member_count, length(member_progress.completed_ages)
            ) as in_all,
            arrayWithConstant(
                member_count,
                arrayCount(
                    age -> age < cohorts.age_weeks, member_progress.completed_ages
                )
            ) as by_age
        from cohorts
        inner join member_progress using (cohort_basis, course_id)
        where
            is_own
            or (
                cohorts.age_weeks > 0
                and member_progress.cohort_week < cohorts.cohort_week
            )
    ),

    {# How many of them completed how many units: in all, by the cohort's age, and of the earlier ones when they were as old. #}
    counted as (
        select
            cohort_id,
            sumIf(member_count, is_own and has_started) as started_count,
            arraySort(groupArrayArrayIf(in_all, is_own)) as completed_by_learner,
            arraySort(groupArrayArrayIf(by_age, is_own)) as completed_by_age,
            sumIf(member_count, not is_own) as reference_count,
            arraySort(groupArrayArrayIf(by_age, not is_own)) as reference_completed
        from compared
        group by cohort_id
        having countIf(is_own) > 0
    ),

    expectations as (
        select
            *,
            ifNull(
                {{ sorted_quantile("reference_completed", 0.5) }}, 0
            ) as expected_completed
        from counted
    ),

    joined as (
        select
            cohorts.cohort_id as cohort_id,
            cohorts.cohort_basis as cohort_basis,
            cohorts.course_id as course_id,
            cohorts.cohort_week as cohort_week,
            cohorts.age_weeks as age_weeks,
            cohorts.cohort_size as cohort_size,
            ifNull(unit_counts.unit_count, 0) as unit_count,
            expectations.started_count as started_count,
            expectations.completed_by_learner as completed_by_learner,
            arrayCount(
                completed -> completed >= expectations.expected_completed,
                expectations.completed_by_age
            ) as on_pace_members,
            expectations.reference_count as reference_count,
            arrayCount(
                completed -> completed >= expectations.expected_completed,
                expectations.reference_completed
            ) as reference_on_pace_count,
            expectations.expected_completed as expected_completed,
            {{ is_suppressed("cohort_size") }} as is_suppressed,
            multiIf(
                is_suppressed, 'suppressed', unit_count = 0, 'not_reported', ''
            ) as completed_reason,
            multiIf(
                completed_reason != '',
                completed_reason,
                age_weeks = 0,
                'censored',
                {{ is_suppressed("reference_count") }},
                'not_comparable',
                expected_completed = 0,
                'nothing_expected',
                ''
            ) as pace_reason
        from cohorts
        inner join expectations using (cohort_id)
        left join unit_counts using (course_id)
    ),

    final as (
        select
            *,
            if(is_suppressed, null, started_count) as shown_started_count,
            if(pace_reason = '', toUInt64(on_pace_members), null) as on_pace_count,
            if(
                pace_reason = '',
                {{ ratio("reference_on_pace_count", "reference_count") }},
                null
            ) as reference_on_pace_ratio,
            if(completed_reason = '', completed_by_learner, []) as shown_completed
        from joined
    )

select
    cohort_id,
    toLowCardinality(cohort_basis) as cohort_basis,
    course_id,
    cohort_week,
    age_weeks,
    cohort_size,
    shown_started_count as started_count,
    unit_count,
    {{ sorted_quantile("shown_completed", 0.5) }} as median_units_completed,
    {{ median_low("shown_completed") }} as median_units_completed_low,
    {{ median_high("shown_completed") }} as median_units_completed_high,
    toLowCardinality(completed_reason) as completed_reason,
    reference_count,
    if(
        pace_reason in ('', 'nothing_expected'), expected_completed, null
    ) as expected_units_completed,
    on_pace_count,
    {{ ratio_with_interval("on_pace_ratio", "on_pace_count", "cohort_size") }},
    reference_on_pace_ratio,
    toLowCardinality(pace_reason) as pace_reason,
    toBool(is_suppressed) as is_suppressed
from final
