{{
    config(
        order_by=["course_id", "unit_kind", "unit_id", "period"],
    )
}}

{# What a unit is compared with comes from windows over one chain: a CTE that is named twice is computed twice. #}
with
    units as (
        select unit_id, unit_kind, activity_type, course_id, module_id, title, position
        from {{ ref("dim_units") }}
    ),

    unit_exposure as (
        select course_id, unit_id, period, eligible_count, reached_count
        from {{ ref("agg_unit_exposure") }}
    ),

    {#
        Cells are sorted, because a sum of floats depends on its order. A stratum whose channel is unknown cannot be
        used to control for the channel; the others go into the standardisation, which reads the first three elements.
    #}
    unit_counts as (
        select
            course_id,
            unit_id,
            period,
            sum(engaged_count) as engaged_all,
            sum(completed_count) as completed_all,
            sum(open_count) as open_all,
            sum(assessed_count) as assessed_all,
            sum(judged_count) as judged_all,
            sum(completed_assessed_count) as completed_assessed_all,
            sum(first_attempt_count) as answers_all,
            sum(first_attempt_correct_count) as right_answers_all,
            max(standard_total_count) as standard_total,
            max(standard_known_count) as standard_known,
            arraySort(
                cell -> (cell.cohort_month, cell.acquisition_channel),
                groupArray(
                    (
                        standard_count,
                        completed_count,
                        reached_count,
                        cohort_month,
                        acquisition_channel,
                        comparable_completed_count,
                        comparable_reached_count
                    )
                )
            ) as cells,
            arrayFilter(
                cell -> cell.acquisition_channel != 'unknown', cells
            ) as used_strata,
            arraySum(
                cell
                -> toFloat64(cell.reached_count)
                * cell.comparable_completed_count
                / cell.comparable_reached_count,
                cells
            ) as expected_all
        from {{ ref("agg_unit_strata") }}
        group by course_id, unit_id, period
    ),

    unit_reports as (
        select course_id, unit_id, is_completion_reported
        from {{ ref("dim_unit_reports") }}
    ),

    unit_times as (
        select
            course_id,
            unit_id,
            period,
            time_basis,
            timed_count,
            median_seconds,
            median_seconds_low,
            median_seconds_high,
            q1_seconds,
            q3_seconds,
            expected_seconds,
            expected_basis
        from {{ ref("agg_unit_times") }}
    ),

    {#
        Every unit, also those that no learner reached. Where no source of a unit says that such units are completed, that
        no learner completed it is not known, and 0 % would be a lie.
    #}
    counted as (
        select
            unit_exposure.unit_id as unit_id,
            units.unit_kind as unit_kind,
            units.activity_type as activity_type,
            unit_exposure.course_id as course_id,
            units.module_id as module_id,
            units.title as title,
            units.position as position,
            unit_exposure.period as period,
            unit_exposure.eligible_count as eligible_count,
            unit_exposure.reached_count as reached_count,
            {{ is_suppressed("reached_count") }} as is_suppressed,
            ifNull(unit_reports.is_completion_reported, false) as is_reported,
            is_suppressed or not is_reported as is_completion_hidden,
            if(is_suppressed, null, unit_counts.engaged_all) as engaged_count,
            if(is_suppressed, null, unit_counts.assessed_all) as assessed_count,
            if(
                is_completion_hidden, null, unit_counts.completed_all
            ) as completed_count,
            if(is_completion_hidden, null, unit_counts.open_all) as open_count,
            if(
                is_completion_hidden, null, unit_counts.completed_assessed_all
            ) as completed_assessed_count,
            if(
                is_completion_hidden, null, unit_counts.expected_all
            ) as expected_completed_count,
            if(is_suppressed, null, unit_counts.judged_all) as judged_count,
            {{ suppressed("unit_counts.answers_all", "judged_count") }}
            as first_attempt_count,
            {{ suppressed("unit_counts.right_answers_all", "judged_count") }}
            as first_attempt_correct_count,
            unit_counts.used_strata as used_strata,
            unit_counts.standard_total as standard_total,
            unit_counts.standard_known as standard_known,
            unit_times.time_basis as time_basis,
            unit_times.timed_count as timed_count,
            unit_times.expected_seconds as expected_seconds,
            unit_times.expected_basis as expected_basis,
            unit_times.median_seconds / expected_seconds as median_time_ratio,
            unit_times.median_seconds_low / expected_seconds as median_time_ratio_low,
            unit_times.median_seconds_high / expected_seconds as median_time_ratio_high,
            unit_times.q1_seconds / expected_seconds as time_ratio_q1,
            unit_times.q3_seconds / expected_seconds as time_ratio_q3
        from unit_exposure
        inner join units using (course_id, unit_id)
        inner join unit_times using (course_id, unit_id, period)
        left join unit_counts using (course_id, unit_id, period)
        left join unit_reports using (course_id, unit_id)
    ),

    standardised as (
        select
            *,
            {{ ratio("first_attempt_correct_count", "first_attempt_count") }}
            as assessment_ratio,
            ifNull(
                {{ ratio("arraySum(used_strata.standard_count)", "standard_total") }}, 0
            ) as support_ratio,
            ifNull({{ ratio("standard_known", "standard_total") }}, 0) as known_ratio,
            multiIf(
                is_suppressed,
                'suppressed',
                not is_reported,
                'not_reported',
                known_ratio < {{ var("minimum_support_ratio") }},
                'unknown_strata',
                support_ratio < {{ var("minimum_support_ratio") }},
                'low_support',
                ''
            ) as comparable_reason,
            if(comparable_reason = '', used_strata, []) as comparable_strata,
            {{ standardised_ratio("comparable_strata") }}
            as completion_ratio_standardised,
            {{ standardised_variance("comparable_strata") }}
            as completion_ratio_standardised_variance,
            {{
                standardised_effective_size(
                    "completion_ratio_standardised",
                    "completion_ratio_standardised_variance",
                    "comparable_strata",
                )
            }} as effective_size
        from counted
    ),

    {#
        Answers of one learner hang together, so their interval counts each learner once, not each answer. The
        benchmark is the typical unit: a median, which a bad unit cannot drag.
    #}
    rated as (
        select
            *,
            {{ wilson_low("assessment_ratio * judged_count", "judged_count") }}
            as assessment_ratio_low,
            {{ wilson_high("assessment_ratio * judged_count", "judged_count") }}
            as assessment_ratio_high,
            {{
                wilson_low(
                    "completion_ratio_standardised * effective_size", "effective_size"
                )
            }} as completion_ratio_standardised_low,
            {{
                wilson_high(
                    "completion_ratio_standardised * effective_size", "effective_size"
                )
            }} as completion_ratio_standardised_high,
            arraySort(
                groupArray(completion_ratio_standardised) over comparable_units
            ) as comparable_completions,
            arraySort(
                groupArray(assessment_ratio) over comparable_units
            ) as comparable_assessments
        from standardised
        window
            comparable_units as (
                partition by period, course_id, unit_kind, activity_type
            )
    ),

    with_benchmarks as (
        select
            *,
            {{ sorted_quantile("comparable_completions", 0.5) }}
            as completion_benchmark,
            {{ sorted_quantile("comparable_assessments", 0.5) }} as assessment_benchmark
        from rated
    ),

    compared as (
        select
            *,
            ifNull(
                completion_ratio_standardised_high
                < {{ var("low_completion_factor") }} * completion_benchmark,
                false
            ) as is_low_completion,
            ifNull(
                assessment_ratio_high
                < {{ var("poor_assessment_factor") }} * assessment_benchmark,
                false
            ) as is_poor_assessment,
            multiIf(
                isNull(median_time_ratio),
                null,
                ifNull(median_time_ratio_low >= {{ var("dense_time_ratio") }}, false),
                'dense',
                ifNull(median_time_ratio_high <= {{ var("thin_time_ratio") }}, false)
                and not ifNull(assessment_ratio_low > assessment_benchmark, false),
                'thin',
                'normal'
            ) as density_flag
        from with_benchmarks
    ),

    final as (
        select
            *,
            multiIf(
                is_suppressed,
                'not_comparable',
                ifNull(density_flag, '') in ('dense', 'thin'),
                ifNull(density_flag, ''),
                comparable_reason != '',
                'not_comparable',
                not is_low_completion,
                'working',
                isNull(assessment_ratio),
                'not_comparable',
                is_poor_assessment,
                'losing',
                'hard'
            ) as verdict,
            multiIf(
                verdict != 'not_comparable',
                '',
                comparable_reason != '',
                comparable_reason,
                'not_assessed'
            ) as verdict_reason
        from compared
    )

select
    unit_id,
    unit_kind,
    activity_type,
    course_id,
    module_id,
    title,
    position,
    period,
    eligible_count,
    reached_count,
    engaged_count,
    completed_count,
    assessed_count,
    completed_assessed_count,
    open_count,
    toBool(is_suppressed) as is_suppressed,
    {{ ratio_with_interval("reached_ratio", "reached_count", "eligible_count") }},
    {{ ratio_with_interval("engaged_ratio", "engaged_count", "reached_count") }},
    {{
        ratio_with_interval(
            "engaged_completed_ratio", "completed_count", "engaged_count"
        )
    }},
    {{
        ratio_with_interval(
            "completed_assessed_ratio", "completed_assessed_count", "completed_count"
        )
    }},
    {{ ratio_with_interval("completion_ratio", "completed_count", "reached_count") }},
    toLowCardinality(
        multiIf(is_suppressed, 'suppressed', not is_reported, 'not_reported', '')
    ) as completion_reason,
    support_ratio,
    toLowCardinality(comparable_reason) as comparable_reason,
    completion_ratio_standardised,
    completion_ratio_standardised_low,
    completion_ratio_standardised_high,
    completion_ratio_standardised_variance,
    expected_completed_count,
    completed_count / nullIf(expected_completed_count, 0) as observed_expected_ratio,
    {{ poisson_low("completed_count") }}
    / nullIf(expected_completed_count, 0) as observed_expected_ratio_low,
    {{ poisson_high("completed_count") }}
    / nullIf(expected_completed_count, 0) as observed_expected_ratio_high,
    judged_count,
    first_attempt_count,
    first_attempt_correct_count,
    assessment_ratio,
    assessment_ratio_low,
    assessment_ratio_high,
    expected_seconds,
    expected_basis,
    time_basis,
    timed_count,
    median_time_ratio,
    median_time_ratio_low,
    median_time_ratio_high,
    time_ratio_q1,
    time_ratio_q3,
    toLowCardinality(density_flag) as density_flag,
    completion_benchmark,
    assessment_benchmark,
    toLowCardinality(verdict) as verdict,
    toLowCardinality(verdict_reason) as verdict_reason
from final
