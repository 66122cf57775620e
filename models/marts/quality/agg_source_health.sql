{{ config(order_by=["source"], tags=["nightly"]) }}

with
    {# Every source that delivers, also one of which nothing is accepted. #}
    drops as (
        select
            source as drop_source,
            max(delivered_at) as last_drop_at,
            countIf(status in ('held', 'failed')) as drops_unpublished,
            sum(line_count) as lines_delivered,
            sum(rejected_count) as lines_rejected
        from {{ ref("fct_drops") }}
        where kind = 'events' and status != 'superseded'
        group by drop_source
    ),

    deliveries as (
        select
            source as delivering_source,
            count() as deliveries_made,
            min(delivered_at) as first_delivery_at
        from {{ ref("fct_event_deliveries") }}
        group by delivering_source
    ),

    {# What happened before the source's first delivery is its history, not late: no numbers of that time were out. #}
    late as (
        select first_deliveries.source as late_source, count() as late_deliveries
        from {{ ref("fct_event_deliveries") }} as first_deliveries
        inner join deliveries on first_deliveries.source = deliveries.delivering_source
        where
            first_deliveries.lateness_seconds > {{ var("gate_late_hours") }} * 3600
            and first_deliveries.lateness_seconds <= dateDiff(
                'second', deliveries.first_delivery_at, first_deliveries.delivered_at
            )
        group by late_source
    ),

    catalogued as (
        select activity_id from {{ ref("dim_activities") }} where is_in_catalogue
    ),

    open_plays as (
        select start_statement_id
        from {{ ref("fct_watch_intervals") }}
        where kind = 'censored'
    ),

    events as (
        select
            source as event_source,
            count() as events_counted,
            max(occurred_at) as last_event_at,
            countIf(verb = 'played') as plays,
            countIf(
                verb = 'played'
                and statement_id in (select start_statement_id from open_plays)
            ) as plays_without_end,
            countIf(course_id = '') as events_without_course,
            countIf(
                activity_id not in (select activity_id from catalogued)
            ) as events_not_catalogued
        from {{ ref("fct_learning_events") }}
        group by event_source
    ),

    newest as (select max(last_event_at) as newest_event_at from events),

    conflicts as (
        select conflict_source, uniqExact(statement_id) as conflicting_statements
        from
            (
                select statement_id, arrayJoin(sources) as conflict_source
                from {{ ref("fct_statement_conflicts") }}
            )
        group by conflict_source
    ),

    final as (
        select
            CAST(drops.drop_source, 'String') as source,
            drops.drops_unpublished as unpublished_drop_count,
            drops.lines_delivered as line_count,
            drops.lines_rejected as rejected_count,
            events.events_counted as event_count,
            deliveries.deliveries_made as delivery_count,
            toUInt64(
                greatest(
                    toInt64(deliveries.deliveries_made)
                    - toInt64(events.events_counted),
                    0
                )
            ) as redelivery_count,
            late.late_deliveries as gate_late_count,
            conflicts.conflicting_statements as conflict_count,
            events.plays as play_count,
            events.plays_without_end as open_play_count,
            events.events_without_course as without_course_count,
            if(
                (select count() from catalogued) = 0, null, events.events_not_catalogued
            ) as uncatalogued_count,
            drops.last_drop_at as latest_delivered_at,
            if(
                events.events_counted > 0, events.last_event_at, null
            ) as latest_occurred_at,
            toUInt64(
                dateDiff(
                    'second', latest_occurred_at, (select newest_event_at from newest)
                )
            ) as behind_seconds,
            {{ ratio("rejected_count", "line_count") }} as rejected_ratio,
            {{ ratio("redelivery_count", "delivery_count") }} as redelivery_ratio,
            {{ ratio("gate_late_count", "delivery_count") }} as gate_late_ratio,
            {{ ratio("conflict_count", "event_count") }} as conflict_ratio,
            {{ ratio("open_play_count", "play_count") }} as open_play_ratio,
            {{ ratio("without_course_count", "event_count") }} as without_course_ratio,
            {{ ratio("uncatalogued_count", "event_count") }} as uncatalogued_ratio
        from drops
        left join events on drops.drop_source = events.event_source
        left join deliveries on drops.drop_source = deliveries.delivering_source
        left join late on drops.drop_source = late.late_source
        left join conflicts on drops.drop_source = conflicts.conflict_source
    )

select *
from final
