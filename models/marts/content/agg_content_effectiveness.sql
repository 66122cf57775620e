{{
    config(
        engine="MergeTree()",
        order_by=["course_id", "unit_kind", "unit_id", "period"],
    )
}}

{#
    The steps form one chain, and what a unit is compared with comes from windows over it: a CTE that is named twice
    is computed twice. The month 1970-01-01 stands for the period `all` until the last step.
#}
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
            arrayJoin([toDate('1970-01-01'), toStartOfMonth(reached_at)]) as month,
            learner_id,
            unit_id,
            unit_kind,
            activity_type,
            course_id,
            cohort_month,
            acquisition_channel,
            eligible_at,
            reached_at,
            is_engaged,
            is_completed,
            toUInt32(
                least({{ milliseconds("active_seconds") }}, 4294967295)
            ) as active_ms,
            first_attempt_count,
            first_attempt_correct_count
        from {{ ref("fct_unit_progress") }}
        where learner_id in (select learner_id from learners)
    ),

    unit_strata as (
        select
            progress.month as month,
            progress.course_id as course_id,
            progress.unit_kind as unit_kind,
            progress.activity_type as activity_type,
            progress.unit_id as unit_id,
            progress.cohort_month as cohort_month,
            progress.acquisition_channel as acquisition_channel,
            count() as reached,
            countIf(progress.is_engaged) as engaged,
            countIf(progress.is_completed) as completed,
            countIf(
                not progress.is_completed
                and addDays(progress.reached_at, {{ var("completion_horizon_days") }})
                > watermark.complete_through_at
            ) as still_open,
            countIf(progress.first_attempt_count > 0) as assessed,
            countIf(
                progress.is_completed and progress.first_attempt_count > 0
            ) as completed_assessed,
            sum(progress.first_attempt_count) as answers,
            sum(progress.first_attempt_correct_count) as right_answers,
            groupArrayIf(
                progress.active_ms, progress.is_completed and progress.active_ms > 0
            ) as completed_times,
            groupArrayIf(
                progress.active_ms, progress.is_engaged and progress.active_ms > 0
            ) as engaged_times
        from progress
        cross join watermark
        group by
            month,
            course_id,
            unit_kind,
            activity_type,
            unit_id,
            cohort_month,
            acquisition_channel
    ),

    {#
        The standard: the mix of all learners who reached any unit of the course in the period. A month has its own,
        because no month has the cohorts of the whole programme.
    #}
    standard as (
        select
            month,
            course_id,
            cohort_month,
            acquisition_channel,
            uniqExact(learner_id) as weight
        from progress
        group by month, course_id, cohort_month, acquisition_channel
    ),

    standard_with_totals as (
        select
            month,
            course_id,
            cohort_month,
            acquisition_channel,
            weight,
            sum(weight) over programme as total_weight,
            sumIf(weight, acquisition_channel != 'unknown') over programme
            as known_weight
        from standard
        window programme as (partition by month, course_id)
    ),

    {# Units are comparable with units of the same kind and type in their course. #}
    strata as (
        select
            unit_strata.*,
            standard_with_totals.weight as weight,
            standard_with_totals.total_weight as total_weight,
            standard_with_totals.known_weight as known_weight,
            sum(unit_strata.reached) over comparable_stratum as comparable_reached,
            sum(unit_strata.completed) over comparable_stratum as comparable_completed
        from unit_strata
        inner join
            standard_with_totals
            on unit_strata.month = standard_with_totals.month
            and unit_strata.course_id = standard_with_totals.course_id
            and unit_strata.cohort_month = standard_with_totals.cohort_month
            and unit_strata.acquisition_channel
            = standard_with_totals.acquisition_channel
        window
            comparable_stratum as (
                partition by
                    unit_strata.month,
                    unit_strata.course_id,
                    unit_strata.unit_kind,
                    unit_strata.activity_type,
                    unit_strata.cohort_month,
                    unit_strata.acquisition_channel
            )
    ),

    {# Arrays are sorted, so that sums of floats over them come out the same on every run. #}
    unit_counts as (
        select
            month,
            unit_id,
            sum(reached) as reached_all,
            sum(engaged) as engaged_all,
            sum(completed) as completed_all,
            sum(still_open) as open_all,
            sum(assessed) as assessed_all,
            sum(completed_assessed) as completed_assessed_all,
            sum(answers) as answers_all,
            sum(right_answers) as right_answers_all,
            arraySort(groupArrayArray(completed_times)) as finishers_times,
            arraySort(groupArrayArray(engaged_times)) as all_times,
            any(total_weight) as programme_weight,
            any(known_weight) as programme_known_weight,
            arraySort(
                groupArray(
                    (
                        cohort_month,
                        acquisition_channel,
                        weight,
                        completed,
                        reached,
                        comparable_completed,
                        comparable_reached
                    )
                )
            ) as cells
        from strata
        group by month, unit_id
    ),

    {# An enrolment of unknown date counts as there from the start. #}
    course_learners as (
        select
            learner_id,
            course_id,
            ifNull(
                toStartOfMonth(min(known_at)), toDate('1970-01-01')
            ) as eligible_month
        from
            (
                select learner_id, course_id, toNullable(enrolled_at) as known_at
                from enrolments
                union all
                select learner_id, course_id, toNullable(eligible_at) as known_at
                from progress
                where month = toDate('1970-01-01')
            )
        group by learner_id, course_id
    ),

    course_months as (
        select course_id, eligible_month, count() as learner_count
        from course_learners
        group by course_id, eligible_month
    ),

    course_exposure as (
        select course_id, groupArray((eligible_month, learner_count)) as eligible_months
        from course_months
        group by course_id
    ),

    {# Every unit, also those that nobody reached: a miss leaves the month of `all`. #}
    exposed as (
        select
            units.unit_id as unit_id,
            units.unit_kind as unit_kind,
            units.activity_type as activity_type,
            units.course_id as course_id,
            units.module_id as module_id,
            units.title as title,
            units.position as position,
            units.expected_seconds as unit_expected_seconds,
            units.expected_basis as unit_expected_basis,
            ifNull(unit_counts.month, toDate('1970-01-01')) as month,
            ifNull(unit_counts.reached_all, 0) as reached_count,
            unit_counts.engaged_all as engaged_all,
            unit_counts.completed_all as completed_all,
            unit_counts.open_all as open_all,
            unit_counts.assessed_all as assessed_all,
            unit_counts.completed_assessed_all as completed_assessed_all,
            unit_counts.answers_all as answers_all,
            unit_counts.right_answers_all as right_answers_all,
            unit_counts.finishers_times as finishers_times,
            unit_counts.all_times as all_times,
            unit_counts.programme_weight as programme_weight,
            unit_counts.programme_known_weight as programme_known_weight,
            unit_counts.cells as cells,
            course_exposure.eligible_months as eligible_months
        from units
        left join unit_counts on units.unit_id = unit_counts.unit_id
        left join course_exposure on units.course_id = course_exposure.course_id
    ),

    {#
        Eligible in a month: enrolled by its end and not there before it began. Where nobody ever completed a
        comparable unit, completion is not reported at all, and 0 % would be a lie.
    #}
    counted as (
        select
            *,
            toInt64(
                arraySum(
                    eligible -> if(
                        month = toDate('1970-01-01') or eligible .1 <= month,
                        eligible .2,
                        0
                    ),
                    eligible_months
                )
            ) - toInt64(
                sumIf(reached_count, month > toDate('1970-01-01')) over (
                    partition by unit_id
                    order by month
                    rows between unbounded preceding and 1 preceding
                )
            ) as eligible_left,
            sum(completed_all) over (partition by course_id, unit_kind, activity_type)
            > 0 as is_reported,
            {{ is_suppressed("reached_count") }} as is_suppressed
        from exposed
    ),

    {# A stratum whose channel is unknown cannot be used to control for the channel. #}
    standardising as (
        select
            *,
            arrayMap(
                cell -> (cell .3, cell .4, cell .5),
                arrayFilter(cell -> cell .2 != 'unknown', cells)
            ) as used_strata,
            arraySum(
                cell -> toFloat64(cell .5) * cell .6 / cell .7, cells
            ) as expected_all,
            length(finishers_times)
            >= {{ var("minimum_group_size") }} as is_timed_by_finishers,
            if(is_timed_by_finishers, finishers_times, all_times) as times
        from counted
    ),

    {#
        Time on task of those who finished, because the expected time is the time to finish; of those who engaged
        where too few finished. A time of 0 is not one: that clock was stamped at upload.
    #}
    measured as (
        select
            * except (used_strata),
            used_strata,
            {{
                ratio(
                    "arraySum(stratum -> stratum.1, used_strata)", "programme_weight"
                )
            }} as used_weight_ratio,
            {{ ratio("programme_known_weight", "programme_weight") }}
            as known_weight_ratio,
            {{ standardised_ratio("used_strata") }} as ratio_unjudged,
            {{ standardised_variance("used_strata") }} as variance_unjudged,
            length(times) as timed_count,
            {{ sorted_quantile("times", 0.5) }} / 1000 as median_seconds,
            {{ sorted_quantile("times", 0.25) }} / 1000 as q1_seconds,
            {{ sorted_quantile("times", 0.75) }} / 1000 as q3_seconds,
            {{ median_low("times") }} / 1000 as median_low_seconds,
            {{ median_high("times") }} / 1000 as median_high_seconds
        from standardising
    ),

    with_course_medians as (
        select
            *,
            arraySort(
                groupArrayIf(
                    assumeNotNull(median_seconds),
                    month = toDate('1970-01-01')
                    and timed_count >= {{ var("minimum_group_size") }}
                ) over (partition by course_id, unit_kind, activity_type)
            ) as comparable_medians
        from measured
    ),

    with_expected_times as (
        select
            *,
            {{ sorted_quantile("comparable_medians", 0.5) }} as course_median_seconds,
            coalesce(
                unit_expected_seconds, nullIf(course_median_seconds, 0)
            ) as expected_seconds,
            multiIf(
                isNotNull(unit_expected_seconds),
                unit_expected_basis,
                isNotNull(expected_seconds),
                'course_median',
                'none'
            ) as expected_basis
        from with_course_medians
    ),

    judged as (
        select
            unit_id,
            month,
            course_id,
            unit_kind,
            activity_type,
            module_id,
            title,
            position,
            greatest(0, eligible_left) as eligible_count,
            reached_count,
            is_suppressed,
            is_suppressed or not is_reported as is_completion_hidden,
            if(is_suppressed, null, engaged_all) as engaged_count,
            if(is_suppressed, null, assessed_all) as assessed_count,
            if(is_completion_hidden, null, completed_all) as completed_count,
            if(is_completion_hidden, null, open_all) as open_count,
            if(
                is_completion_hidden, null, completed_assessed_all
            ) as completed_assessed_count,
            if(is_completion_hidden, null, expected_all) as expected_completed_count,
            {{ suppressed("answers_all", "assessed_all") }} as first_attempt_count,
            {{ suppressed("right_answers_all", "assessed_all") }}
            as first_attempt_correct_count,
            {{ ratio("first_attempt_correct_count", "first_attempt_count") }}
            as assessment_ratio,
            ifNull(used_weight_ratio, 0) as support_ratio,
            multiIf(
                is_suppressed,
                'suppressed',
                not is_reported,
                'not_reported',
                ifNull(known_weight_ratio, 0) < {{ var("minimum_support_ratio") }},
                'unknown_strata',
                support_ratio < {{ var("minimum_support_ratio") }},
                'low_support',
                ''
            ) as comparable_reason,
            if(
                comparable_reason = '', ratio_unjudged, null
            ) as completion_ratio_standardised,
            if(
                comparable_reason = '', variance_unjudged, null
            ) as completion_ratio_standardised_variance,
            {{
                standardised_effective_size(
                    "ratio_unjudged", "variance_unjudged", "used_strata"
                )
            }} as effective_size,
            expected_seconds,
            expected_basis,
            if(is_timed_by_finishers, 'completed', 'engaged') as time_basis,
            timed_count,
            {% for seconds_name, ratio_name in [
                ("median_seconds", "median_time_ratio"),
                ("median_low_seconds", "median_time_ratio_low"),
                ("median_high_seconds", "median_time_ratio_high"),
                ("q1_seconds", "time_ratio_q1"),
                ("q3_seconds", "time_ratio_q3"),
            ] %}
                {{ suppressed(seconds_name ~ " / expected_seconds", "timed_count") }}
                as {{ ratio_name }}
                {{- "," if not loop.last }}
            {% endfor %}
        from with_expected_times
    ),

    {#
        Answers of one learner hang together, so their interval counts each learner once, not each answer. The
        benchmark is the typical unit: a median, which a bad unit cannot drag.
    #}
    rated as (
        select
            *,
            {{ wilson_low("assessment_ratio * assessed_count", "assessed_count") }}
            as assessment_ratio_low,
            {{ wilson_high("assessment_ratio * assessed_count", "assessed_count") }}
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
        from judged
        window
            comparable_units as (
                partition by month, course_id, unit_kind, activity_type
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
            if(
                month = toDate('1970-01-01'), 'all', formatDateTime(month, '%Y-%m')
            ) as period,
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
            ) as verdict_reason,
            {% for ratio_name, part, whole in [
                ("reached_ratio", "reached_count", "eligible_count"),
                ("engaged_ratio", "engaged_count", "reached_count"),
                (
                    "engaged_completed_ratio",
                    "completed_count",
                    "engaged_count",
                ),
                (
                    "completed_assessed_ratio",
                    "completed_assessed_count",
                    "completed_count",
                ),
                ("completion_ratio", "completed_count", "reached_count"),
            ] %}
                {{ suppressed(ratio(part, whole), whole) }} as {{ ratio_name }},
                {{ suppressed(wilson_low(part, whole), whole) }}
                as {{ ratio_name }}_low,
                {{ suppressed(wilson_high(part, whole), whole) }}
                as {{ ratio_name }}_high,
            {% endfor %}
            completed_count
            / nullIf(expected_completed_count, 0) as observed_expected_ratio,
            {{ poisson_low("completed_count") }}
            / nullIf(expected_completed_count, 0) as observed_expected_ratio_low,
            {{ poisson_high("completed_count") }}
            / nullIf(expected_completed_count, 0) as observed_expected_ratio_high
        from compared
    )

select
    unit_id,
    toLowCardinality(unit_kind) as unit_kind,
    toLowCardinality(activity_type) as activity_type,
    course_id,
    module_id,
    title,
    position,
    toLowCardinality(period) as period,
    toUInt64(eligible_count) as eligible_count,
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
    toLowCardinality(comparable_reason) as comparable_reason,
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
    toLowCardinality(expected_basis) as expected_basis,
    toLowCardinality(time_basis) as time_basis,
    toUInt64(timed_count) as timed_count,
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
