{{
    config(
        order_by=["video_id", "bin_start_seconds"],
        tags=["nightly"],
    )
}}

with
    bins as (
        select
            video_id,
            bin_number,
            bin_start_seconds,
            bin_end_seconds,
            toFloat64(bin_end_seconds - bin_start_seconds) as width_seconds,
            {# The length of a video is 0 when it is unknown and no learner played a second. #}
            least(
                {{ var("hot_spot_buckets") }} - 1,
                toInt32(
                    floor(
                        {{ var("hot_spot_buckets") }}
                        * toFloat64(bin_start_seconds)
                        / greatest(toFloat64(length_seconds), 0.001)
                    )
                )
            ) as bucket,
            started_count,
            at_risk_count,
            viewer_count,
            view_count,
            rewatch_count,
            possible_count,
            dropped_count,
            open_exit_count,
            unknown_exit_count + open_exit_count as censored_count,
            seek_away_count,
            seek_into_count,
            {#- Those who cannot be judged here say nothing about what to expect. #}
            {{ milliseconds("width_seconds") }}
            * (at_risk_count - censored_count) as exposure_ms
        from {{ ref("agg_video_bins") }}
    ),

    {#
        What to expect of a bin: the hazard per second of the other videos at the same relative position; of the rest
        of the same video where no other reaches as far. Half an exit is added, so that no expectation is zero.
    #}
    with_totals as (
        select
            *,
            sum(dropped_count) over in_bucket
            - sum(dropped_count) over own_bucket as other_dropped_count,
            sum(exposure_ms) over in_bucket
            - sum(exposure_ms) over own_bucket as other_exposure_ms,
            sum(dropped_count) over own_video - dropped_count as own_dropped_count,
            sum(exposure_ms) over own_video - exposure_ms as own_exposure_ms
        from bins
        window
            in_bucket as (partition by bucket),
            own_bucket as (partition by video_id, bucket),
            own_video as (partition by video_id)
    ),

    with_rates as (
        select
            *,
            {{ ratio("dropped_count", "at_risk_count") }} as hazard_or_null,
            {{ drop_off_reason("censored_count", "at_risk_count") }} as hazard_reason,
            if(
                other_exposure_ms > 0,
                1000 * (other_dropped_count + 0.5) / other_exposure_ms,
                1000 * (own_dropped_count + 0.5) / nullIf(own_exposure_ms, 0)
            ) as expected_rate,
            1 - exp(- expected_rate * width_seconds) as expected_hazard_or_null,
            if(
                at_risk_count >= {{ var("hot_spot_min_at_risk") }}
                and hazard_reason = '',
                {{
                    binomial_upper_tail(
                        "dropped_count", "at_risk_count", "expected_hazard_or_null"
                    )
                }},
                null
            ) as p_value
        from with_totals
    ),

    with_q as (
        {{ benjamini_hochberg("with_rates", "p_value", ["video_id", "bin_number"]) }}
    ),

    with_curves as (
        select
            with_rates.*,
            with_q.q_value as q_value,
            {{ running_survival("dropped_count", "at_risk_count", "so_far") }}
            as survival_or_null,
            sum({{ greenwood_term("dropped_count", "at_risk_count") }}) over so_far
            as greenwood_sum,
            {{
                running_survival(
                    "dropped_count + censored_count", "at_risk_count", "so_far"
                )
            }} as survival_if_censored_left,
            {{
                running_survival(
                    "dropped_count", "(at_risk_count + possible_count)", "so_far"
                )
            }} as survival_if_censored_stayed,
            {{
                survival_reason(
                    "censored_count", "at_risk_count", "started_count", "so_far"
                )
            }} as survival_reason,
            sum(open_exit_count) over whole_video > 0 as is_provisional
        from with_rates
        left join with_q using (video_id, bin_number)
        window
            so_far as (
                partition by with_rates.video_id
                order by with_rates.bin_number
                rows between unbounded preceding and current row
            ),
            whole_video as (partition by with_rates.video_id)
    ),

    {# A hot spot is a run of bins that stand out, and its cost is that of all of them. #}
    islands as (
        select
            *,
            ifNull(
                q_value < {{ var("hot_spot_q") }}
                and hazard_or_null
                >= {{ var("hot_spot_min_effect") }} * expected_hazard_or_null,
                false
            ) as is_significant,
            dropped_count - expected_hazard_or_null * at_risk_count as excess_or_null,
            bin_number - row_number() over (
                partition by video_id, is_significant order by bin_number
            ) as island_number
        from with_curves
    ),

    costly as (
        select
            *,
            {#- Sorted before they are added: floats in any order would differ in the last digit. #}
            arraySum(
                arraySort(
                    groupArray(ifNull(excess_or_null, 0)) over (
                        partition by video_id, is_significant, island_number
                    )
                )
            ) as island_lost,
            is_significant
            and island_lost >= {{ var("hot_spot_min_lost") }}
            and island_lost
            >= {{ var("hot_spot_min_lost_ratio") }} * started_count as is_hot_spot
        from islands
    ),

    final as (
        select
            video_id,
            bin_number,
            bin_start_seconds,
            bin_end_seconds,
            started_count,
            at_risk_count,
            dropped_count,
            censored_count,
            dropped_count + censored_count as exit_count,
            {{ ratio_with_interval("exit_ratio", "exit_count", "started_count") }},
            toBool(is_provisional) as is_provisional,
            if(hazard_reason = '', hazard_or_null, null) as hazard,
            {# The bounds hold whether those who cannot be judged yet left here or stayed. #}
            if(
                hazard_reason = '',
                {{ wilson_low("dropped_count", "at_risk_count") }},
                null
            ) as hazard_low,
            if(
                hazard_reason = '',
                {{ wilson_high("exit_count", "at_risk_count") }},
                null
            ) as hazard_high,
            toLowCardinality(hazard_reason) as hazard_reason,
            if(survival_reason = '', survival_or_null, null) as survival,
            {#
                Both kinds of doubt in one interval: Greenwood's about the learners we saw leave, and the bounds for
                those who cannot be judged yet.
            #}
            if(
                survival_reason = '',
                {{ greenwood_low("survival_if_censored_left", "greenwood_sum") }},
                null
            ) as survival_low,
            if(
                survival_reason = '',
                {{ greenwood_high("survival_if_censored_stayed", "greenwood_sum") }},
                null
            ) as survival_high,
            toLowCardinality(survival_reason) as survival_reason,
            toLowCardinality(
                {{ drop_off_reason("censored_count", "started_count") }}
            ) as drop_off_reason,
            if(
                drop_off_reason = '',
                {{ ratio("dropped_count", "started_count") }},
                null
            ) as drop_off_ratio,
            if(
                drop_off_reason = '',
                {{ wilson_low("dropped_count", "started_count") }},
                null
            ) as drop_off_ratio_low,
            if(
                drop_off_reason = '',
                {{ wilson_high("exit_count", "started_count") }},
                null
            ) as drop_off_ratio_high,
            viewer_count,
            view_count,
            at_risk_count as first_pass_viewer_count,
            rewatch_count,
            seek_away_count,
            seek_into_count,
            if(hazard_reason = '', expected_hazard_or_null, null) as expected_hazard,
            if(hazard_reason = '', excess_or_null, null) as excess_learners_lost,
            if(hazard_reason = '', costly.p_value, null) as p_value,
            if(hazard_reason = '', costly.q_value, null) as q_value,
            toBool(is_hot_spot) as is_hot_spot,
            toBool({{ is_suppressed("at_risk_count") }}) as is_suppressed
        from costly
    )

select *
from final
