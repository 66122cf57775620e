{{
    config(
        order_by=["activity_id", "object_key", "line_number"],
        tags=["near_real_time"],
    )
}}

with
    lines as (
        select
            object_id,
            object_key,
            line_number,
            source,
            delivered_at,
            reject,
            cityHash64(line) as line_hash,
            JSONExtract(line, 'Tuple(
                    activity_id Nullable(String),
                    course_id Nullable(String),
                    module_id Nullable(String),
                    parent Nullable(String),
                    title Nullable(String),
                    type Nullable(String),
                    position Nullable(UInt32),
                    expected_seconds Nullable(Float64),
                    length_seconds Nullable(Float64),
                    word_count Nullable(UInt32),
                    version Nullable(String),
                    ends_at Nullable(String),
                    teaches Array(String)
                )') as item
        from {{ source("raw", "catalog_lines") }}
        where
            (load_id, object_id) in (
                select load_id, object_id
                from {{ source("ops", "live_objects") }}
                where kind = 'catalog'
            )
    ),

    final as (
        select
            object_id,
            object_key,
            line_number,
            source,
            delivered_at,
            line_hash,
            multiIf(
                reject != '',
                reject,
                ifNull(item.activity_id, '') = '',
                'missing_activity_id',
                ''
            ) as quarantine_reason,
            {{ same_iri("ifNull(item.activity_id, '')") }} as activity_id,
            {{ same_iri("ifNull(item.course_id, '')") }} as course_id,
            {{ same_iri("ifNull(item.module_id, '')") }} as module_id,
            {{ same_iri("ifNull(item.parent, '')") }} as parent_activity_id,
            ifNull(item.title, '') as title,
            ifNull(item.type, '') as reported_type,
            item.position as position,
            item.expected_seconds as expected_seconds,
            item.length_seconds as length_seconds,
            item.word_count as word_count,
            ifNull(item.version, '') as version,
            {{ end_or_null("ifNull(item.ends_at, '')") }} as ends_at,
            arrayMap(
                unit -> {{ same_iri("unit") }}, item.teaches
            ) as taught_by_activity_ids
        from lines
    )

select
    object_id,
    object_key,
    line_number,
    source,
    delivered_at,
    line_hash,
    quarantine_reason,
    activity_id,
    course_id,
    module_id,
    parent_activity_id,
    title,
    reported_type,
    position,
    expected_seconds,
    length_seconds,
    word_count,
    version,
    ends_at,
    taught_by_activity_ids
from final
