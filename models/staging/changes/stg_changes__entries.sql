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
                    entry Nullable(String),
                    at Nullable(String),
                    kind Nullable(String),
                    position_seconds Nullable(Float64),
                    note Nullable(String)
                )') as content_entry
        from {{ source("raw", "change_lines") }}
        where
            (load_id, object_id) in (
                select load_id, object_id
                from {{ source("ops", "live_objects") }}
                where kind = 'changes'
            )
    ),

    timed as (
        select *, {{ timestamp_or_null("ifNull(content_entry.at, '')") }} as at_or_null
        from lines
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
                ifNull(content_entry.activity_id, '') = '',
                'missing_activity_id',
                ifNull(content_entry.entry, '')
                not in ('changed', 'known', 'being_worked_on', 'cleared'),
                'unknown_entry',
                at_or_null is null,
                'invalid_timestamp',
                ''
            ) as quarantine_reason,
            {{ same_iri("ifNull(content_entry.activity_id, '')") }} as activity_id,
            {{ same_iri("ifNull(content_entry.course_id, '')") }} as course_id,
            ifNull(content_entry.entry, '') as entry,
            at_or_null as entered_at,
            ifNull(content_entry.kind, '') as change_kind,
            content_entry.position_seconds as position_seconds,
            ifNull(content_entry.note, '') as note
        from timed
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
    entry,
    entered_at,
    change_kind,
    position_seconds,
    note
from final
