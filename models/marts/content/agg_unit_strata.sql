{{
    config(
        order_by=[
            "course_id",
            "unit_id",
            "period",
            "cohort_month",
            "acquisition_channel",
        ],
    )
}}

with
    watermark as (
        select complete_through_at
        from {{ ref("agg_data_watermark") }}
        where source = 'all'
    ),

    learners as (
        select learner_id from {{ ref("dim_learners") }} where not is_excluded
    ),

    progress as (
        select
            arrayJoin(['all', formatDateTime(reached_at, '%Y-%m')]) as period,
            learner_id,
            unit_id,
            unit_kind,
            activity_type,
            course_id,
            cohort_month,
            acquisition_channel,
            reached_at,
            is_engaged,
            is_completed,
            is_assessed,
            first_attempt_count,
            first_attempt_correct_count
        from {{ ref("fct_unit_progress") }}
        where learner_id in (select learner_id from learners)
    ),

    unit_strata as (
        select
            progress.course_id as course_id,
            progress.unit_kind as unit_kind,
            progress.activity_type as activity_type,
            progress.unit_id as unit_id,
            progress.period as period,
            progress.cohort_month as cohort_month,
            progress.acquisition_channel as acquisition_channel,
            count() as reached_count,
            countIf(progress.is_engaged) as engaged_count,
            countIf(progress.is_completed) as completed_count,
            countIf(
                not progress.is_completed
                and addDays(progress.reached_at, {{ var("completion_horizon_days") }})
                > watermark.complete_through_at
            ) as open_count,
            countIf(progress.is_assessed) as assessed_count,
            countIf(progress.first_attempt_count > 0) as judged_count,
            countIf(
                progress.is_completed and progress.is_assessed
            ) as completed_assessed_count,
            sum(progress.first_attempt_count) as answer_count,
            sum(progress.first_attempt_correct_count) as right_answer_count
        from progress
        cross join watermark
        group by
            course_id,
            unit_kind,
            activity_type,
            unit_id,
            period,
            cohort_month,
            acquisition_channel
    ),

    {#
        The standard: the mix of all learners who reached any unit of the course in the period. A month has its own,
        because no month has the cohorts of the whole programme.
    #}
    standard as (
        select
            course_id,
            period,
            cohort_month,
            acquisition_channel,
            uniqExact(learner_id) as standard_count
        from progress
        group by course_id, period, cohort_month, acquisition_channel
    ),

    standard_with_totals as (
        select
            course_id,
            period,
            cohort_month,
            acquisition_channel,
            standard_count,
            sum(standard_count) over programme as standard_total_count,
            sumIf(standard_count, acquisition_channel != 'unknown') over programme
            as standard_known_count
        from standard
        window programme as (partition by course_id, period)
    ),

    {# Units are comparable with units of the same kind and type in their course. #}
    final as (
        select
            unit_strata.course_id as course_id,
            unit_strata.unit_id as unit_id,
            toLowCardinality(unit_strata.period) as period,
            unit_strata.cohort_month as cohort_month,
            unit_strata.acquisition_channel as acquisition_channel,
            unit_strata.reached_count as reached_count,
            unit_strata.engaged_count as engaged_count,
            unit_strata.completed_count as completed_count,
            unit_strata.open_count as open_count,
            unit_strata.assessed_count as assessed_count,
            unit_strata.judged_count as judged_count,
            unit_strata.completed_assessed_count as completed_assessed_count,
            unit_strata.answer_count as first_attempt_count,
            unit_strata.right_answer_count as first_attempt_correct_count,
            sum(unit_strata.reached_count) over comparable_stratum
            as comparable_reached_count,
            sum(unit_strata.completed_count) over comparable_stratum
            as comparable_completed_count,
            standard_with_totals.standard_count as standard_count,
            standard_with_totals.standard_total_count as standard_total_count,
            standard_with_totals.standard_known_count as standard_known_count
        from unit_strata
        inner join
            standard_with_totals
            on unit_strata.course_id = standard_with_totals.course_id
            and unit_strata.period = standard_with_totals.period
            and unit_strata.cohort_month = standard_with_totals.cohort_month
            and unit_strata.acquisition_channel
            = standard_with_totals.acquisition_channel
        window
            comparable_stratum as (
                partition by
                    unit_strata.course_id,
                    unit_strata.unit_kind,
                    unit_strata.activity_type,
                    unit_strata.period,
                    unit_strata.cohort_month,
                    unit_strata.acquisition_channel
            )
    )

select *
from final
