{{
    config(
        engine="MergeTree()",
        order_by=["course_id", "changed_at", "activity_id", "measure"],
        tags=["nightly"],
    )
}}

{#
    1. Each change with the measures that apply to its content, also where nobody has met it yet.
    2. The strata of both sides, once by cohort month and channel, once by channel alone, weighted by both sides.
    3. The finer one where the sides share enough of it: values, intervals, difference.
    4. By how much the measure came nearer to what is good, and the verdict on it.
#}
{%- set is_time = "measure = 'time_against_expected'" %}
{%- set z = normal_quantile_975() | trim %}
{%- set minimum_support = var("minimum_support_ratio") %}

with
    changes as (
        select
            change_id,
            course_id,
            activity_id,
            activity_type,
            module_id,
            title,
            change_kind,
            note,
            origin,
            changed_at,
            before_since_at,
            after_until_at
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

    {# (cohort, channel, learners, sum, squares before, the same after) #}
    strata as (
        select
            change_id as stratum_change_id,
            measure as stratum_measure,
            cohort_month,
            acquisition_channel,
            sumIf(learner_count, not is_after) as before_size,
            sumIf(outcome_sum, not is_after) as before_sum,
            sumIf(outcome_square_sum, not is_after) as before_squares,
            sumIf(learner_count, is_after) as after_size,
            sumIf(outcome_sum, is_after) as after_sum,
            sumIf(outcome_square_sum, is_after) as after_squares,
            arrayJoin(
                [
                    ('cohort_and_channel', cohort_month),
                    ('channel', toDate('1970-01-01'))
                ]
            ) as level
        from {{ ref("agg_change_strata") }}
        group by change_id, measure, cohort_month, acquisition_channel
    ),

    levelled_strata as (
        select
            stratum_change_id,
            stratum_measure,
            level .1 as level_name,
            level .2 as level_month,
            acquisition_channel,
            sum(before_size) as before_size,
            sum(before_sum) as before_sum,
            sum(before_squares) as before_squares,
            sum(after_size) as after_size,
            sum(after_sum) as after_sum,
            sum(after_squares) as after_squares
        from
            (
                select
                    stratum_change_id,
                    stratum_measure,
                    level,
                    acquisition_channel,
                    strata.before_size,
                    strata.before_sum,
                    strata.before_squares,
                    strata.after_size,
                    strata.after_sum,
                    strata.after_squares
                from strata
            ) as stratum
        group by
            stratum_change_id,
            stratum_measure,
            level_name,
            level_month,
            acquisition_channel
    ),

    {# Shared: both sides have learners there, and the channel is known. Weight: the learners of both. #}
    levels as (
        select
            stratum_change_id,
            stratum_measure,
            level_name,
            sum(before_size) as before_count,
            sum(after_size) as after_count,
            sum(before_sum) / 10000 / nullIf(before_count, 0) as before_mean,
            sum(after_sum) / 10000 / nullIf(after_count, 0) as after_mean,
            sumIf(
                before_size + after_size, acquisition_channel != 'unknown'
            ) as known_count,
            arraySort(
                groupArrayIf(
                    (
                        level_month,
                        acquisition_channel,
                        before_size + after_size,
                        before_size,
                        before_sum / 10000,
                        before_squares / 100000000,
                        after_size,
                        after_sum / 10000,
                        after_squares / 100000000
                    ),
                    acquisition_channel != 'unknown'
                    and before_size > 0
                    and after_size > 0
                )
            ) as shared
        from levelled_strata
        group by stratum_change_id, stratum_measure, level_name
    ),

    {# One row per change and measure: `groupArrayIf(…)[1]` is that of the level. #}
    compared as (
        select
            stratum_change_id,
            stratum_measure,
            max(before_count) as before_count,
            max(after_count) as after_count,
            max(before_mean) as before_mean,
            max(after_mean) as after_mean,
            {{ ratio("max(known_count)", "max(before_count + after_count)") }}
            as known_ratio,
            groupArrayIf(shared, level_name = 'cohort_and_channel') [1] as fine_strata,
            groupArrayIf(shared, level_name = 'channel') [1] as coarse_strata
        from (select * from levels) as level
        group by stratum_change_id, stratum_measure
    ),

    asked as (
        select
            changes.*,
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
            asked.*,
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
            {{
                is_suppressed(
                    "least(compared.before_count, compared.after_count)"
                )
            }} as is_suppressed,
            {{
                ratio(
                    "arraySum(stratum -> stratum.3, compared.fine_strata)",
                    "(compared.before_count + compared.after_count)",
                )
            }} as support_ratio,
            {{
                ratio(
                    "arraySum(stratum -> stratum.3, compared.coarse_strata)",
                    "(compared.before_count + compared.after_count)",
                )
            }} as channel_support_ratio,
            multiIf(
                measure = 'hot_spot_hazard' and not spots.has_spot,
                'no_place',
                measure = 'completion' and not unit_reports.is_completion_reported,
                'not_reported',
                {{ is_time }} and ifNull(unit_times.expected_seconds, 0) <= 0,
                'no_expected_time',
                is_suppressed,
                'suppressed',
                compared.known_ratio < {{ minimum_support }},
                'unknown_channel',
                channel_support_ratio < {{ minimum_support }},
                'low_support',
                ''
            ) as hidden_reason,
            multiIf(
                hidden_reason != '',
                '',
                support_ratio >= {{ minimum_support }},
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
            arrayMap(
                stratum -> (stratum .3, stratum .5, stratum .4, stratum .6), used_strata
            ) as before_strata,
            arrayMap(
                stratum -> (stratum .3, stratum .8, stratum .7, stratum .9), used_strata
            ) as after_strata
        from asked
        left join
            compared
            on asked.change_id = compared.stratum_change_id
            and asked.measure = compared.stratum_measure
        left join spots on asked.change_id = spots.change_id
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
                    greatest(
                        {{ standardised_mean_variance(side ~ "_strata") }}, 0
                    )
                ) as {{ side }}_error
                {{- "," if not loop.last }}
            {%- endfor %}
        from measured
    ),

    valued as (
        select
            *,
            {%- for side in ["before", "after"] %}
                if(
                    {{ is_time }}, exp({{ side }}_level), {{ side }}_level
                ) as {{ side }}_value,
                {%- for bound, sign in [("low", "-"), ("high", "+")] %}
                    {%- set wilson = wilson_low if bound == "low" else wilson_high %}
                    if(
                        {{ is_time }},
                        exp({{ side }}_level {{ sign }} {{ z }} * {{ side }}_error),
                        {{
                            wilson(
                                side ~ "_level * " ~ side ~ "_size", side ~ "_size"
                            )
                        }}
                    ) as {{ side }}_value_{{ bound }},
                {%- endfor %}
            {%- endfor %}
            if(
                {{ is_time }},
                log({{ var("content_change_smallest_time_factor") }}),
                {{ var("content_change_smallest_difference") }}
            ) as smallest_gap
        from standardised
    ),

    {#
        How far from good: the hazard; what is missing to all; the distance of the time's logarithm from 0, whose bounds
        change places below 0.
    #}
    with_distances as (
        select
            *,
            {%- for side in ["before", "after"] %}
                multiIf(
                    {{ is_time }},
                    abs(log({{ side }}_value)),
                    measure = 'hot_spot_hazard',
                    {{ side }}_value,
                    1 - {{ side }}_value
                ) as {{ side }}_distance,
                {%- for bound, other in [("low", "high"), ("high", "low")] %}
                    multiIf(
                        {{ is_time }} and {{ side }}_value < 1,
                        - log({{ side }}_value_{{ other }}),
                        {{ is_time }},
                        log({{ side }}_value_{{ bound }}),
                        measure = 'hot_spot_hazard',
                        {{ side }}_value_{{ bound }},
                        1 - {{ side }}_value_{{ other }}
                    ) as {{ side }}_distance_{{ bound }}
                    {{- "," if not (loop.last and side == "after") }}
                {%- endfor %}
            {%- endfor %}
        from valued
    ),

    final as (
        select
            *,
            {{
                difference_low(
                    "after_distance",
                    "after_distance_low",
                    "before_distance",
                    "before_distance_high",
                )
            }} as gap_low,
            {{
                difference_high(
                    "after_distance",
                    "after_distance_high",
                    "before_distance",
                    "before_distance_low",
                )
            }} as gap_high,
            multiIf(
                hidden_reason = 'suppressed',
                'too_early',
                hidden_reason != '',
                'not_comparable',
                ifNull(gap_high < 0, false),
                'improved',
                ifNull(gap_low > 0, false),
                'worse',
                ifNull(gap_low > - smallest_gap and gap_high < smallest_gap, false),
                'no_difference_seen',
                'too_early'
            ) as verdict,
            multiIf(
                hidden_reason != '',
                hidden_reason,
                verdict = 'too_early',
                'wide_interval',
                ''
            ) as verdict_reason
        from with_distances
    )

select
    change_id,
    course_id,
    activity_id,
    activity_type,
    module_id,
    title,
    change_kind,
    note,
    origin,
    changed_at,
    before_since_at,
    after_until_at,
    toLowCardinality(measure) as measure,
    spot_start_seconds,
    spot_end_seconds,
    before_count,
    after_count,
    toBool(is_suppressed) as is_suppressed,
    if(
        is_suppressed, null, if({{ is_time }}, exp(before_mean), before_mean)
    ) as before_crude,
    if(
        is_suppressed, null, if({{ is_time }}, exp(after_mean), after_mean)
    ) as after_crude,
    toLowCardinality(standardised_over) as standardised_over,
    support_ratio,
    before_value,
    before_value_low,
    before_value_high,
    after_value,
    after_value_low,
    after_value_high,
    after_value - before_value as difference,
    {{
        difference_low(
            "after_value", "after_value_low", "before_value", "before_value_high"
        )
    }} as difference_low,
    {{
        difference_high(
            "after_value", "after_value_high", "before_value", "before_value_low"
        )
    }} as difference_high,
    if(
        {{ is_time }},
        toFloat64({{ var("content_change_smallest_time_factor") }}),
        toFloat64({{ var("content_change_smallest_difference") }})
    ) as smallest_difference,
    toLowCardinality(verdict) as verdict,
    toLowCardinality(verdict_reason) as verdict_reason
from final
