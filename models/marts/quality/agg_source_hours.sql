{{ config(order_by=["source", "hour_at"], tags=["nightly"]) }}

{#
    Only hours that are over are compared: the hour of the watermark may still fill up. Of each of them the same hour of
    the weekday in earlier weeks is looked up, as far back as the source has events.
#}
{%- set hours_of_week = 168 %}

with
    watermarks as (
        select source, complete_through_at
        from {{ ref("agg_data_watermark") }}
        where source != 'all'
    ),

    counted as (
        select
            source as counted_source,
            toStartOfHour(occurred_at) as counted_hour_at,
            count() as counted_events
        from {{ ref("fct_learning_events") }}
        group by counted_source, counted_hour_at
    ),

    beginnings as (
        select counted_source as begun_source, min(counted_hour_at) as first_hour_at
        from counted
        group by begun_source
    ),

    hours as (
        select
            watermarks.source as hour_source,
            toStartOfHour(watermarks.complete_through_at) - toIntervalHour(
                arrayJoin(range(1, {{ hours_of_week }} + 1))
            ) as compared_hour_at,
            beginnings.first_hour_at as first_hour_at
        from watermarks
        inner join beginnings on watermarks.source = beginnings.begun_source
    ),

    weeks as (
        select
            hour_source,
            compared_hour_at,
            first_hour_at,
            arrayJoin(range({{ var("volume_weeks") }} + 1)) as weeks_ago,
            compared_hour_at
            - toIntervalHour(weeks_ago * {{ hours_of_week }}) as week_hour_at
        from hours
        where compared_hour_at >= first_hour_at
    ),

    compared as (
        select
            weeks.hour_source as source,
            weeks.compared_hour_at as hour_at,
            sumIf(counted.counted_events, weeks.weeks_ago = 0) as event_count,
            arraySort(
                groupArrayIf(
                    toFloat64(counted.counted_events),
                    weeks.weeks_ago > 0 and weeks.week_hour_at >= weeks.first_hour_at
                )
            ) as earlier_counts
        from weeks
        left join
            counted
            on weeks.hour_source = counted.counted_source
            and weeks.week_hour_at = counted.counted_hour_at
        group by source, hour_at
    ),

    expected as (
        select
            source,
            hour_at,
            event_count,
            length(earlier_counts) as earlier_week_count,
            if(
                earlier_week_count < {{ var("volume_weeks_min") }},
                null,
                {{ sorted_quantile("earlier_counts", 0.5) }}
            ) as usual_volume
        from compared
    ),

    final as (
        select
            source,
            hour_at,
            event_count,
            earlier_week_count,
            usual_volume,
            {{ ratio("event_count", "usual_volume") }} as volume_ratio
        from expected
    )

select
    source,
    CAST(hour_at, 'DateTime64(3, \'UTC\')') as hour_at,
    event_count,
    earlier_week_count,
    CAST(usual_volume, 'Nullable(Float64)') as usual_volume,
    CAST(volume_ratio, 'Nullable(Float64)') as volume_ratio
from final
