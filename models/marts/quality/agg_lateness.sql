{{
    config(
        order_by=["source", "delivered_date"],
        tags=["nightly"],
    )
}}

with
    deliveries as (
        select
            statement_id,
            source,
            object_key,
            line_number,
            delivered_at,
            {{ milliseconds("lateness_seconds") }} as lateness_ms
        from {{ ref("fct_event_deliveries") }}
    ),

    {# A copy that comes a year after the first says that something was sent again, not that an event was late. #}
    copies as (
        select
            *,
            row_number() over (
                partition by source, statement_id
                order by delivered_at, object_key, line_number
                rows between unbounded preceding and current row
            )
            = 1 as is_first_copy
        from deliveries
    ),

    final as (
        select
            source,
            toDate(delivered_at) as delivered_date,
            count() as delivery_count,
            countIf(is_first_copy) as event_count,
            countIf(not is_first_copy) as repeat_count,
            countIf(
                is_first_copy
                and lateness_ms > {{ 3600000 * var("allowed_lateness_hours") }}
            ) as late_count,
            countIf(is_first_copy and lateness_ms < 0) as ahead_count,
            if(event_count = 0, null, minIf(lateness_ms, is_first_copy)) as min_ms,
            if(event_count = 0, null, maxIf(lateness_ms, is_first_copy)) as max_ms,
            arrayMap(
                ms -> if(event_count = 0, null, ms / 1000),
                quantilesExactInclusiveIf(0.5, 0.9, 0.99)
                (lateness_ms, is_first_copy)
            ) as quantile_seconds
        from copies
        group by source, delivered_date
    )

select
    source,
    delivered_date,
    delivery_count,
    event_count,
    repeat_count,
    late_count,
    {{ ratio("late_count", "event_count") }} as late_ratio,
    {{ wilson_low("late_count", "event_count") }} as late_ratio_low,
    {{ wilson_high("late_count", "event_count") }} as late_ratio_high,
    ahead_count,
    min_ms / 1000 as lateness_min_seconds,
    quantile_seconds[1] as lateness_median_seconds,
    quantile_seconds[2] as lateness_p90_seconds,
    quantile_seconds[3] as lateness_p99_seconds,
    max_ms / 1000 as lateness_max_seconds
from final
