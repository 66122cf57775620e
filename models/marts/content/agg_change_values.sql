{{
    config(
        order_by=["course_id", "change_id", "measure"],
        tags=["nightly"],
    )
}}

{#
    1. Each change with the measures that apply to its content, also where no learner has met it yet.
    2. The strata of both sides, once by cohort month and channel, once by channel alone, weighted by both sides.
    3. The finer one where the sides share enough of it: values and intervals.
#}
{%- set is_time = "measure = 'time_against_expected'" %}
{%- set z = normal_quantile_975() | trim %}
{%- set minimum_support = var("minimum_support_ratio") %}

with
    changes as (
        select change_id, course_id, activity_id, activity_type
        from {{ ref("fct_content_changes") }}
    ),

    units as (select course_id, unit_id, true as is_unit from {{ ref("dim_units") }}),

    unit_reports as (
        select course_id, unit_id, is_completion_reported
        from {{ ref("dim_unit_reports") }}
    ),

    unit_times as (
        select course_id, unit_id, expected_seconds
        from {{ ref("agg_unit_times") }}
        where period = 'all'
    ),

    spots as (
        select change_id, spot_start_seconds, spot_end_seconds, true as has_spot
        from {{ ref("agg_change_spots") }}
    ),

    cells as (
        select
            change_id as stratum_change_id,
            measure as stratum_measure,
            acquisition_channel,
            is_after,
            learner_count,
            outcome_sum,
            outcome_square_sum,
            arrayJoin(['cohort_and_channel', 'channel']) as level_name,
            if(
                level_name = 'channel', toDate('1970-01-01'), cohort_month
            ) as level_month
        from {{ ref("agg_change_strata") }}
    ),

    strata as (
        select
            stratum_change_id,
            stratum_measure,
            level_name,
            level_month,
            acquisition_channel,
            sumIf(learner_count, not is_after) as before_size,
            sumIf(outcome_sum, not is_after) as before_sum,
            sumIf(outcome_square_sum, not is_after) as before_squares,
            sumIf(learner_count, is_after) as after_size,
            sumIf(outcome_sum, is_after) as after_sum,
            sumIf(outcome_square_sum, is_after) as after_squares,
            before_size + after_size as weight,
            before_sum / 10000 as before_outcomes,
            before_squares / 100000000 as before_squared,
            after_sum / 10000 as after_outcomes,
            after_squares / 100000000 as after_squared
        from cells
        group by
            stratum_change_id,
            stratum_measure,
            level_name,
            level_month,
            acquisition_channel
    ),

    {#
        Shared strata: both sides have learners there, and the channel is known. The weight of one is the learners of both
        sides.
    #}
    compared as (
        select
            stratum_change_id,
            stratum_measure,
            sumIf(before_size, level_name = 'channel') as before_count,
            sumIf(after_size, level_name = 'channel') as after_count,
            sumIf(before_sum, level_name = 'channel')
            / 10000
            / nullIf(before_count, 0) as before_mean,
            sumIf(after_sum, level_name = 'channel')
            / 10000
            / nullIf(after_count, 0) as after_mean,
            sumIf(
                weight, level_name = 'channel' and acquisition_channel != 'unknown'
            ) as known_count,
            arraySort(
                groupArrayIf(
                    (
                        level_name,
                        level_month,
                        acquisition_channel,
                        weight,
                        before_size,
                        before_outcomes,
                        before_squared,
                        after_size,
                        after_outcomes,
                        after_squared
                    ),
                    acquisition_channel != 'unknown'
                    and before_size > 0
                    and after_size > 0
                )
            ) as shared,
            arrayFilter(
                stratum -> stratum.level_name = 'cohort_and_channel', shared
            ) as fine_strata,
            arrayFilter(
                stratum -> stratum.level_name = 'channel', shared
            ) as coarse_strata
        from strata
        group by stratum_change_id, stratum_measure
    ),

    asked as (
        select
            changes.change_id as change_id,
            changes.course_id as course_id,
            changes.activity_id as activity_id,
            changes.activity_type as activity_type,
            arrayJoin(
                multiIf(
                    activity_type = 'question',
                    ['item_difficulty'],
                    not units.is_unit,
                    [],
                    activity_type = 'video',
                    [
                        'hot_spot_hazard',
                        'completion',
                        'time_against_expected',
                        'item_difficulty'
                    ],
                    ['completion', 'time_against_expected', 'item_difficulty']
                )
            ) as measure
        from changes
        left join
            units
            on changes.course_id = units.course_id
            and changes.activity_id = units.unit_id
    ),

    measured as (
        select
            asked.change_id as change_id,
            asked.course_id as course_id,
            asked.activity_id as activity_id,
            asked.activity_type as activity_type,
            asked.measure as measure,
            if(
                measure = 'hot_spot_hazard' and spots.has_spot,
                spots.spot_start_seconds,
                null
            ) as spot_start_seconds,
            if(
                measure = 'hot_spot_hazard' and spots.has_spot,
                spots.spot_end_seconds,
                null
            ) as spot_end_seconds,
            compared.before_count as before_count,
            compared.after_count as after_count,
            compared.before_mean as before_mean,
            compared.after_mean as after_mean,
            {{ is_suppressed("least(compared.before_count, compared.after_count)") }}
            as is_suppressed,
            {{
                ratio(
                    "arraySum(compared.fine_strata.weight)",
                    "(compared.before_count + compared.after_count)",
                )
            }} as support_ratio,
            {{
                ratio(
                    "arraySum(compared.coarse_strata.weight)",
                    "(compared.before_count + compared.after_count)",
                )
            }} as channel_support_ratio,
            {{
                ratio(
                    "compared.known_count",
                    "(compared.before_count + compared.after_count)",
                )
            }} as known_ratio,
            multiIf(
                measure = 'hot_spot_hazard' and not spots.has_spot,
                'no_place',
                measure = 'completion' and not unit_reports.is_completion_reported,
                'not_reported',
                {{ is_time }} and ifNull(unit_times.expected_seconds, 0) <= 0,
                'no_expected_time',
                is_suppressed,
                'suppressed',
                ifNull(known_ratio, 0) < {{ minimum_support }},
                'unknown_channel',
                ifNull(channel_support_ratio, 0) < {{ minimum_support }},
                'low_support',
                ''
            ) as hidden_reason,
            multiIf(
                hidden_reason != '',
                '',
                ifNull(support_ratio, 0) >= {{ minimum_support }},
                'cohort_and_channel',
                'channel'
            ) as standardised_over,
            multiIf(
                standardised_over = 'cohort_and_channel',
                compared.fine_strata,
                standardised_over = 'channel',
                compared.coarse_strata,
                []
            ) as used_strata,
            {%- for side in ["before", "after"] %}
                arrayMap(
                    stratum -> (
                        stratum.weight,
                        stratum.{{ side }}_outcomes,
                        stratum.{{ side }}_size,
                        stratum.{{ side }}_squared
                    ),
                    used_strata
                ) as {{ side }}_strata
                {{- "," if not loop.last }}
            {%- endfor %}
        from asked
        left join
            compared
            on asked.change_id = compared.stratum_change_id
            and asked.measure = compared.stratum_measure
        left join spots using (change_id)
        left join
            unit_reports
            on asked.course_id = unit_reports.course_id
            and asked.activity_id = unit_reports.unit_id
        left join
            unit_times
            on asked.course_id = unit_times.course_id
            and asked.activity_id = unit_times.unit_id
    ),

    {# Means of shares, and of the logarithms of times. #}
    standardised as (
        select
            *,
            {%- for side in ["before", "after"] %}
                {{ standardised_ratio(side ~ "_strata") }} as {{ side }}_level,
                {{ standardised_variance(side ~ "_strata") }} as {{ side }}_variance,
                {{
                    standardised_effective_size(
                        side ~ "_level", side ~ "_variance", side ~ "_strata"
                    )
                }} as {{ side }}_size,
                sqrt(
                    greatest({{ standardised_mean_variance(side ~ "_strata") }}, 0)
                ) as {{ side }}_error
                {{- "," if not loop.last }}
            {%- endfor %}
        from measured
    )

select
    change_id,
    course_id,
    toLowCardinality(measure) as measure,
    spot_start_seconds,
    spot_end_seconds,
    before_count,
    after_count,
    toBool(is_suppressed) as is_suppressed,
    {%- for side in ["before", "after"] %}
        if(
            is_suppressed,
            null,
            if({{ is_time }}, exp({{ side }}_mean), {{ side }}_mean)
        ) as {{ side }}_crude,
    {%- endfor %}
    toLowCardinality(standardised_over) as standardised_over,
    support_ratio,
    toLowCardinality(hidden_reason) as value_reason,
    {%- for side in ["before", "after"] %}
        if({{ is_time }}, exp({{ side }}_level), {{ side }}_level) as {{ side }}_value,
        {%- for bound, sign in [("low", "-"), ("high", "+")] %}
            {%- set wilson = wilson_low if bound == "low" else wilson_high %}
            if(
                {{ is_time }},
                exp({{ side }}_level {{ sign }} {{ z }} * {{ side }}_error),
                {{ wilson(side ~ "_level * " ~ side ~ "_size", side ~ "_size") }}
            ) as {{ side }}_value_{{ bound }}
            {{- "," if not (loop.last and side == "after") }}
        {%- endfor %}
    {%- endfor %}
from standardised
