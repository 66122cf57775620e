{{
    config(
        engine="MergeTree()",
        order_by=["course_id", "unit_kind", "unit_id", "period"],
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

    units as (
        select
            unit_id,
            unit_kind,
            activity_type,
            course_id,
            module_id,
            title,
            position,
            expected_seconds,
            expected_basis
        from {{ ref("dim_units") }}
    ),

    enrolments as (
        select learner_id, course_id, enrolled_at
        from {{ ref("fct_enrolments") }}
        where learner_id in (select learner_id from learners)
    ),

    progress as (
        select
            unit_progress.learner_id as learner_id,
            unit_progress.unit_id as unit_id,
            unit_progress.unit_kind as unit_kind,
            unit_progress.activity_type as activity_type,
            unit_progress.course_id as course_id,
            unit_progress.cohort_month as cohort_month,
            unit_progress.acquisition_channel as acquisition_channel,
            unit_progress.eligible_at as eligible_at,
            unit_progress.reached_at as reached_at,
            unit_progress.is_engaged as is_engaged,
            unit_progress.is_completed as is_completed,
            {{ milliseconds("unit_progress.active_seconds") }} as active_milliseconds,
            unit_progress.first_attempt_count as first_attempt_count,
            unit_progress.first_attempt_correct_count as first_attempt_correct_count,
            not unit_progress.is_completed
            and addDays(
                unit_progress.reached_at, {{ var("completion_horizon_days") }}
            )
            > watermark.complete_through_at as is_open
        from {{ ref("fct_unit_progress") }} as unit_progress
        cross join watermark
        where unit_progress.learner_id in (select learner_id from learners)
    ),

    {# Month 1970-01-01 stands for the period 'all' until the last step. #}
    progress_by_period as (
        select
            arrayJoin([toDate('1970-01-01'), toStartOfMonth(reached_at)]) as month,
            learner_id,
            unit_id,
            unit_kind,
            activity_type,
            course_id,
            cohort_month,
            acquisition_channel,
            is_engaged,
            is_completed,
            is_open,
            active_milliseconds,
            first_attempt_count,
            first_attempt_correct_count
        from progress
    ),

    {#
        Exposure: who could have reached the unit. In a month: enrolled by its end, not there before it began. An
        enrolment of unknown date counts as there from the start.
    #}
    course_learners as (
        select
            learner_id,
            course_id,
            ifNull(
                toStartOfMonth(min(eligible_at)), toDate('1970-01-01')
            ) as eligible_month
        from
            (
                select learner_id, course_id, toNullable(enrolled_at) as eligible_at
                from enrolments
                union all
                select learner_id, course_id, toNullable(eligible_at) as eligible_at
                from progress
            )
        group by learner_id, course_id
    ),

    course_exposure as (
        select course_id, groupArray((eligible_month, learner_count)) as eligible_months
        from
            (
                select course_id, eligible_month, count() as learner_count
                from course_learners
                group by course_id, eligible_month
            )
        group by course_id
    ),

    unit_exposure as (
        select unit_id, groupArray((month, learner_count)) as reached_months
        from
            (
                select unit_id, toStartOfMonth(reached_at) as month, count() as learner_count
                from progress
                group by unit_id, month
            )
        group by unit_id
    ),

    unit_periods as (
        select unit_id, toDate('1970-01-01') as month
        from units
        union distinct
        select unit_id, month
        from progress_by_period
    ),

    eligible as (
        select
            unit_periods.unit_id as unit_id,
            unit_periods.month as month,
            units.course_id as course_id,
            units.unit_kind as unit_kind,
            units.activity_type as activity_type,
            units.module_id as module_id,
            units.title as title,
            units.position as position,
            units.expected_seconds as unit_expected_seconds,
            units.expected_basis as unit_expected_basis,
            arraySum(
                cell -> if(
                    unit_periods.month = toDate('1970-01-01')
                    or cell.1 <= unit_periods.month,
                    cell.2,
                    0
                ),
                course_exposure.eligible_months
            )
            - arraySum(
                cell -> if(cell.1 < unit_periods.month, cell.2, 0),
                unit_exposure.reached_months
            ) as eligible_count
        from unit_periods
        inner join units on units.unit_id = unit_periods.unit_id
        left join course_exposure on course_exposure.course_id = units.course_id
        left join unit_exposure on unit_exposure.unit_id = unit_periods.unit_id
    ),

    ladder as (
        select
            month,
            unit_id,
            count() as reached_count,
            countIf(is_engaged) as engaged_count,
            countIf(is_completed) as completed_count,
            countIf(is_open) as open_count,
            countIf(first_attempt_count > 0) as assessed_count,
            countIf(is_completed and first_attempt_count > 0) as completed_assessed_count,
            sum(first_attempt_count) as answer_count,
            sum(first_attempt_correct_count) as right_answer_count,
            arraySort(
                groupArrayIf(active_milliseconds, is_completed and active_milliseconds > 0)
            ) as completed_times,
            arraySort(
                groupArrayIf(active_milliseconds, is_engaged and active_milliseconds > 0)
            ) as engaged_times
        from progress_by_period
        group by month, unit_id
    ),

    {#
        Units are comparable with units of the same kind and type of their course. Where nobody ever completed one
        of them, completion is not reported at all, and 0 % would be a lie.
    #}
    reporting as (
        select course_id, unit_kind, activity_type, max(is_completed) as is_reported
        from progress
        group by course_id, unit_kind, activity_type
    ),

    {#
        The standard: the mix of all learners who reached any unit of the course in the period. The month's standard
        is the month's own, because a month never has the cohorts of the whole programme.
    #}
    standard as (
        select
            month,
            course_id,
            cohort_month,
            acquisition_channel,
            uniqExact(learner_id) as weight
        from progress_by_period
        group by month, course_id, cohort_month, acquisition_channel
    ),

    standard_totals as (
        select
            month,
            course_id,
            sum(weight) as total_weight,
            sumIf(weight, acquisition_channel != 'unknown') as known_weight
        from standard
        group by month, course_id
    ),

    unit_strata as (
        select
            month,
            course_id,
            unit_kind,
            activity_type,
            unit_id,
            cohort_month,
            acquisition_channel,
            count() as reached_count,
            countIf(is_completed) as completed_count
        from progress_by_period
        group by
            month,
            course_id,
            unit_kind,
            activity_type,
            unit_id,
            cohort_month,
            acquisition_channel
    ),

    comparable_strata as (
        select
            month,
            course_id,
            unit_kind,
            activity_type,
            cohort_month,
            acquisition_channel,
            sum(reached_count) as all_reached_count,
            sum(completed_count) as all_completed_count
        from unit_strata
        group by
            month, course_id, unit_kind, activity_type, cohort_month, acquisition_channel
    ),

    {# Sorted, so that the sums of floats over them come out the same on every run. #}
    strata as (
        select
            unit_strata.month as month,
            unit_strata.unit_id as unit_id,
            arraySort(
                groupArray(
                    (
                        unit_strata.cohort_month,
                        unit_strata.acquisition_channel,
                        standard.weight,
                        unit_strata.completed_count,
                        unit_strata.reached_count,
                        comparable_strata.all_completed_count,
                        comparable_strata.all_reached_count
                    )
                )
            ) as cells
        from unit_strata
        inner join
            standard
            on standard.month = unit_strata.month
            and standard.course_id = unit_strata.course_id
            and standard.cohort_month = unit_strata.cohort_month
            and standard.acquisition_channel = unit_strata.acquisition_channel
        inner join
            comparable_strata
            on comparable_strata.month = unit_strata.month
            and comparable_strata.course_id = unit_strata.course_id
            and comparable_strata.unit_kind = unit_strata.unit_kind
            and comparable_strata.activity_type = unit_strata.activity_type
            and comparable_strata.cohort_month = unit_strata.cohort_month
            and comparable_strata.acquisition_channel = unit_strata.acquisition_channel
        group by month, unit_id
    ),

    {# A stratum whose channel is unknown cannot be used to control for the channel. #}
    standardising as (
        select
            month,
            unit_id,
            arrayMap(
                cell -> (cell.3, cell.4, cell.5),
                arrayFilter(cell -> cell.2 != 'unknown', cells)
            ) as used_strata,
            arraySum(stratum -> stratum.1, used_strata) as used_weight,
            arraySum(
                cell -> toFloat64(cell.5) * cell.6 / cell.7, cells
            ) as expected_completed_count
        from strata
    ),

    standardised as (
        select
            month,
            unit_id,
            used_strata,
            used_weight,
            expected_completed_count,
            {{ standardised_ratio("used_strata") }} as ratio_unjudged,
            {{ standardised_variance("used_strata") }} as variance_unjudged
        from standardising
    ),

    {# Per unit and period, everything counted; nothing judged or hidden yet. #}
    counted as (
        select
            eligible.unit_id as unit_id,
            eligible.month as month,
            eligible.course_id as course_id,
            eligible.unit_kind as unit_kind,
            eligible.activity_type as activity_type,
            eligible.module_id as module_id,
            eligible.title as title,
            eligible.position as position,
            eligible.unit_expected_seconds as unit_expected_seconds,
            eligible.unit_expected_basis as unit_expected_basis,
            toUInt64(greatest(0, eligible.eligible_count)) as eligible_count,
            ifNull(ladder.reached_count, 0) as reached_count,
            ifNull(ladder.engaged_count, 0) as engaged_all,
            ifNull(ladder.completed_count, 0) as completed_all,
            ifNull(ladder.open_count, 0) as open_all,
            ifNull(ladder.assessed_count, 0) as assessed_all,
            ifNull(ladder.completed_assessed_count, 0) as completed_assessed_all,
            ifNull(ladder.answer_count, 0) as first_attempt_all,
            ifNull(ladder.right_answer_count, 0) as first_attempt_correct_all,
            ladder.completed_times as completed_times,
            ladder.engaged_times as engaged_times,
            {{ is_suppressed("reached_count") }} as is_suppressed,
            ifNull(reporting.is_reported, 0) = 1 as is_reported,
            standardised.used_strata as used_strata,
            standardised.expected_completed_count as expected_all,
            standardised.ratio_unjudged as ratio_unjudged,
            standardised.variance_unjudged as variance_unjudged,
            {{ ratio("standardised.used_weight", "standard_totals.total_weight") }}
            as support_ratio,
            {{ ratio("standard_totals.known_weight", "standard_totals.total_weight") }}
            as known_ratio
        from eligible
        left join
            ladder
            on ladder.unit_id = eligible.unit_id
            and ladder.month = eligible.month
        left join
            standardised
            on standardised.unit_id = eligible.unit_id
            and standardised.month = eligible.month
        left join
            standard_totals
            on standard_totals.course_id = eligible.course_id
            and standard_totals.month = eligible.month
        left join
            reporting
            on reporting.course_id = eligible.course_id
            and reporting.unit_kind = eligible.unit_kind
            and reporting.activity_type = eligible.activity_type
    ),

    {#
        Time on task of those who finished, because the expected time is the time to finish; of those who engaged
        where too few finished. Nobody's time is 0: such a clock was stamped at upload.
    #}
    timed as (
        select
            unit_id,
            month,
            if(
                length(completed_times) >= {{ var("minimum_group_size") }},
                'completed',
                'engaged'
            ) as time_basis,
            if(time_basis = 'completed', completed_times, engaged_times) as times,
            length(times) as timed_count,
            {{ sorted_quantile("times", 0.5) }} as median_milliseconds,
            {{ sorted_quantile("times", 0.25) }} as q1_milliseconds,
            {{ sorted_quantile("times", 0.75) }} as q3_milliseconds,
            {{ median_low("times") }} as median_low_milliseconds,
            {{ median_high("times") }} as median_high_milliseconds
        from counted
    ),

    course_medians as (
        select
            counted.course_id as course_id,
            counted.unit_kind as unit_kind,
            counted.activity_type as activity_type,
            arraySort(
                groupArray(assumeNotNull(timed.median_milliseconds))
            ) as unit_medians,
            {{ sorted_quantile("unit_medians", 0.5) }} / 1000 as course_median_seconds
        from counted
        inner join timed on timed.unit_id = counted.unit_id and timed.month = counted.month
        where
            counted.month = toDate('1970-01-01')
            and timed.timed_count >= {{ var("minimum_group_size") }}
        group by course_id, unit_kind, activity_type
    ),

    judged as (
        select
            counted.unit_id as unit_id,
            counted.month as month,
            counted.course_id as course_id,
            counted.unit_kind as unit_kind,
            counted.activity_type as activity_type,
            counted.module_id as module_id,
            counted.title as title,
            counted.position as position,
            counted.eligible_count as eligible_count,
            counted.reached_count as reached_count,
            counted.is_suppressed as is_suppressed,
            if(
                counted.is_suppressed or not counted.is_reported,
                null,
                counted.completed_all
            ) as completed_count,
            if(completed_count is null, null, counted.open_all) as open_count,
            if(
                completed_count is null, null, counted.completed_assessed_all
            ) as completed_assessed_count,
            {{ suppressed("counted.engaged_all", "counted.reached_count") }}
            as engaged_count,
            {{ suppressed("counted.assessed_all", "counted.reached_count") }}
            as assessed_count,
            {{ suppressed("counted.first_attempt_all", "counted.assessed_all") }}
            as first_attempt_count,
            {{ suppressed("counted.first_attempt_correct_all", "counted.assessed_all") }}
            as first_attempt_correct_count,
            ifNull(counted.support_ratio, 0) as support_ratio,
            multiIf(
                counted.is_suppressed,
                'suppressed',
                not counted.is_reported,
                'not_reported',
                ifNull(counted.known_ratio, 0) < {{ var("minimum_support_ratio") }},
                'unknown_strata',
                ifNull(counted.support_ratio, 0) < {{ var("minimum_support_ratio") }},
                'low_support',
                ''
            ) as comparable_reason,
            counted.used_strata as used_strata,
            if(
                comparable_reason = '', counted.ratio_unjudged, null
            ) as completion_ratio_standardised,
            if(
                comparable_reason = '', counted.variance_unjudged, null
            ) as completion_ratio_standardised_variance,
            if(
                completed_count is null, null, counted.expected_all
            ) as expected_completed_count,
            coalesce(
                counted.unit_expected_seconds,
                if(
                    isNotNull(course_medians.course_median_seconds)
                    and course_medians.course_median_seconds > 0,
                    course_medians.course_median_seconds,
                    null
                )
            ) as expected_seconds,
            multiIf(
                isNotNull(counted.unit_expected_seconds),
                counted.unit_expected_basis,
                isNotNull(expected_seconds),
                'course_median',
                'none'
            ) as expected_basis,
            timed.time_basis as time_basis,
            timed.timed_count as timed_count,
            {{ is_suppressed("timed.timed_count") }} or isNull(expected_seconds) as is_untimed,
            {% for name, column in [
                ("median", "median_time_ratio"),
                ("median_low", "median_time_ratio_low"),
                ("median_high", "median_time_ratio_high"),
                ("q1", "time_ratio_q1"),
                ("q3", "time_ratio_q3"),
            ] %}
                if(
                    is_untimed,
                    null,
                    timed.{{ name }}_milliseconds / 1000 / expected_seconds
                ) as {{ column }}
                {{- "," if not loop.last }}
            {% endfor %}
        from counted
        inner join timed on timed.unit_id = counted.unit_id and timed.month = counted.month
        left join
            course_medians
            on course_medians.course_id = counted.course_id
            and course_medians.unit_kind = counted.unit_kind
            and course_medians.activity_type = counted.activity_type
    ),

    {# Answers of one learner hang together, so the interval counts each learner once, not each answer. #}
    rated as (
        select
            *,
            {{ standardised_effective_size(
                "completion_ratio_standardised",
                "completion_ratio_standardised_variance",
                "used_strata",
            ) }} as effective_size,
            {{ ratio("first_attempt_correct_count", "first_attempt_count") }}
            as assessment_ratio,
            {{ wilson_low("assessment_ratio * assessed_count", "assessed_count") }}
            as assessment_ratio_low,
            {{ wilson_high("assessment_ratio * assessed_count", "assessed_count") }}
            as assessment_ratio_high,
            {{ wilson_low(
                "completion_ratio_standardised * effective_size", "effective_size"
            ) }} as completion_ratio_standardised_low,
            {{ wilson_high(
                "completion_ratio_standardised * effective_size", "effective_size"
            ) }} as completion_ratio_standardised_high
        from judged
    ),

    {# The typical unit of its kind and type in the course, in the same period: a median, which a bad one cannot drag. #}
    benchmarks as (
        select
            month,
            course_id,
            unit_kind,
            activity_type,
            arraySort(
                groupArrayIf(
                    assumeNotNull(completion_ratio_standardised),
                    isNotNull(completion_ratio_standardised)
                )
            ) as completions,
            arraySort(
                groupArrayIf(
                    assumeNotNull(assessment_ratio), isNotNull(assessment_ratio)
                )
            ) as assessments,
            {{ sorted_quantile("completions", 0.5) }} as completion_benchmark,
            {{ sorted_quantile("assessments", 0.5) }} as assessment_benchmark
        from rated
        group by month, course_id, unit_kind, activity_type
    ),

    compared as (
        select
            rated.*,
            benchmarks.completion_benchmark as completion_benchmark,
            benchmarks.assessment_benchmark as assessment_benchmark,
            ifNull(
                rated.completion_ratio_standardised_high
                < {{ var("low_completion_factor") }} * completion_benchmark,
                false
            ) as is_low_completion,
            ifNull(
                rated.assessment_ratio_high
                < {{ var("poor_assessment_factor") }} * assessment_benchmark,
                false
            ) as is_poor_assessment,
            multiIf(
                isNull(rated.median_time_ratio),
                null,
                ifNull(rated.median_time_ratio_low >= {{ var("dense_time_ratio") }}, false),
                'dense',
                ifNull(rated.median_time_ratio_high <= {{ var("thin_time_ratio") }}, false)
                and not ifNull(rated.assessment_ratio_low > assessment_benchmark, false),
                'thin',
                'normal'
            ) as density_flag
        from rated
        inner join
            benchmarks
            on benchmarks.month = rated.month
            and benchmarks.course_id = rated.course_id
            and benchmarks.unit_kind = rated.unit_kind
            and benchmarks.activity_type = rated.activity_type
    ),

    final as (
        select
            *,
            if(
                month = toDate('1970-01-01'), 'all', formatDateTime(month, '%Y-%m')
            ) as period,
            multiIf(
                is_suppressed,
                'not_comparable',
                ifNull(density_flag, '') in ('dense', 'thin'),
                assumeNotNull(density_flag),
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
            ) as verdict_reason,
            {%- for ratio_name, part, whole in [
                ("reached_ratio", "reached_count", "eligible_count"),
                ("engaged_ratio", "engaged_count", "reached_count"),
                ("engaged_completed_ratio", "completed_count", "engaged_count"),
                ("completed_assessed_ratio", "completed_assessed_count", "completed_count"),
                ("completion_ratio", "completed_count", "reached_count"),
            ] %}
                {{ suppressed(ratio(part, whole), whole) }} as {{ ratio_name }},
                {{ suppressed(wilson_low(part, whole), whole) }} as {{ ratio_name }}_low,
                {{ suppressed(wilson_high(part, whole), whole) }} as {{ ratio_name }}_high,
            {%- endfor %}
            completed_count / nullIf(expected_completed_count, 0) as observed_expected_ratio,
            {{ poisson_low("completed_count") }}
            / nullIf(expected_completed_count, 0) as observed_expected_ratio_low,
            {{ poisson_high("completed_count") }}
            / nullIf(expected_completed_count, 0) as observed_expected_ratio_high
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
    toUInt64(reached_count) as reached_count,
    toUInt64(engaged_count) as engaged_count,
    toUInt64(completed_count) as completed_count,
    toUInt64(assessed_count) as assessed_count,
    toUInt64(completed_assessed_count) as completed_assessed_count,
    toUInt64(open_count) as open_count,
    toBool(is_suppressed) as is_suppressed,
    reached_ratio,
    reached_ratio_low,
    reached_ratio_high,
    engaged_ratio,
    engaged_ratio_low,
    engaged_ratio_high,
    engaged_completed_ratio,
    engaged_completed_ratio_low,
    engaged_completed_ratio_high,
    completed_assessed_ratio,
    completed_assessed_ratio_low,
    completed_assessed_ratio_high,
    completion_ratio,
    completion_ratio_low,
    completion_ratio_high,
    support_ratio,
    comparable_reason,
    completion_ratio_standardised,
    completion_ratio_standardised_low,
    completion_ratio_standardised_high,
    completion_ratio_standardised_variance,
    expected_completed_count,
    observed_expected_ratio,
    observed_expected_ratio_low,
    observed_expected_ratio_high,
    toUInt64(first_attempt_count) as first_attempt_count,
    toUInt64(first_attempt_correct_count) as first_attempt_correct_count,
    assessment_ratio,
    assessment_ratio_low,
    assessment_ratio_high,
    expected_seconds,
    expected_basis,
    time_basis,
    toUInt64(timed_count) as timed_count,
    median_time_ratio,
    median_time_ratio_low,
    median_time_ratio_high,
    time_ratio_q1,
    time_ratio_q3,
    density_flag,
    completion_benchmark,
    assessment_benchmark,
    verdict,
    verdict_reason
from final
