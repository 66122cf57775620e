{{
    config(
        order_by=["course_id", "unit_id", "period"],
    )
}}

with
    learners as (
        select learner_id from {{ ref("dim_learners") }} where not is_excluded
    ),

    units as (
        select
            unit_id,
            unit_kind,
            activity_type,
            course_id,
            expected_seconds,
            expected_basis
        from {{ ref("dim_units") }}
    ),

    exposure as (select course_id, unit_id, period from {{ ref("agg_unit_exposure") }}),

    progress as (
        select
            arrayJoin(['all', formatDateTime(reached_at, '%Y-%m')]) as period,
            course_id,
            unit_id,
            is_engaged,
            is_completed,
            toUInt32(
                least({{ milliseconds("active_seconds") }}, 4294967295)
            ) as active_ms
        from {{ ref("fct_unit_progress") }}
        where learner_id in (select learner_id from learners)
    ),

    {# A time of 0 is not one: that clock was stamped at upload. #}
    learner_times as (
        select
            course_id,
            unit_id,
            period,
            arraySort(groupArrayIf(active_ms, is_completed)) as finishers_times,
            arraySort(groupArrayIf(active_ms, is_engaged)) as engaged_times
        from progress
        where active_ms > 0
        group by course_id, unit_id, period
    ),

    {#
        The times of those who finished, because the expected time is the time to finish; of those who engaged where
        too few finished.
    #}
    timed as (
        select
            exposure.unit_id as unit_id,
            exposure.period as period,
            units.unit_kind as unit_kind,
            units.activity_type as activity_type,
            exposure.course_id as course_id,
            units.expected_seconds as unit_expected_seconds,
            units.expected_basis as unit_expected_basis,
            if(
                length(learner_times.finishers_times)
                >= {{ var("minimum_group_size") }},
                'completed',
                'engaged'
            ) as time_basis,
            if(
                time_basis = 'completed',
                learner_times.finishers_times,
                learner_times.engaged_times
            ) as times,
            length(times) as timed_count
        from exposure
        inner join units using (course_id, unit_id)
        left join learner_times using (course_id, unit_id, period)
    ),

    measured as (
        select
            unit_id,
            period,
            unit_kind,
            activity_type,
            course_id,
            unit_expected_seconds,
            unit_expected_basis,
            time_basis,
            timed_count,
            {{ is_suppressed("timed_count") }} as is_suppressed,
            if(is_suppressed, [], times) as shown_times,
            {{ sorted_quantile("shown_times", 0.5) }} / 1000 as median_seconds,
            {{ median_low("shown_times") }} / 1000 as median_seconds_low,
            {{ median_high("shown_times") }} / 1000 as median_seconds_high,
            {{ sorted_quantile("shown_times", 0.25) }} / 1000 as q1_seconds,
            {{ sorted_quantile("shown_times", 0.75) }} / 1000 as q3_seconds
        from timed
    ),

    with_course_medians as (
        select
            *,
            arraySort(
                groupArrayIf(median_seconds, period = 'all') over (
                    partition by course_id, unit_kind, activity_type
                )
            ) as comparable_medians
        from measured
    ),

    final as (
        select
            *,
            coalesce(
                unit_expected_seconds,
                nullIf({{ sorted_quantile("comparable_medians", 0.5) }}, 0)
            ) as expected_seconds,
            multiIf(
                isNotNull(unit_expected_seconds),
                unit_expected_basis,
                isNotNull(expected_seconds),
                'course_median',
                'none'
            ) as expected_basis
        from with_course_medians
    )

select
    course_id,
    unit_id,
    toLowCardinality(period) as period,
    toLowCardinality(time_basis) as time_basis,
    timed_count,
    toBool(is_suppressed) as is_suppressed,
    median_seconds,
    median_seconds_low,
    median_seconds_high,
    q1_seconds,
    q3_seconds,
    expected_seconds,
    toLowCardinality(expected_basis) as expected_basis
from final
