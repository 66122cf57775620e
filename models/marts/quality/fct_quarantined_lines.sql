{{
    config(
        order_by=["object_key", "line_number"],
        tags=["near_real_time"],
    )
}}

with
    reasons as (select reason, detail from {{ ref("quarantine_reasons") }}),

    lines as (
        select
            'events' as kind,
            object_id,
            object_key,
            line_number,
            source,
            delivered_at,
            quarantine_reason
        from {{ ref("stg_xapi__statements") }}
        where
            quarantine_reason != ''
            and load_key
            in (select load_key from {{ ref("int_object_states") }} where is_live)
        union all
        select
            'catalog' as kind,
            object_id,
            object_key,
            line_number,
            source,
            delivered_at,
            quarantine_reason
        from {{ ref("stg_catalog__items") }}
        where quarantine_reason != ''
        union all
        select
            'learners' as kind,
            object_id,
            object_key,
            line_number,
            source,
            delivered_at,
            quarantine_reason
        from {{ ref("stg_learners__enrolments") }}
        where quarantine_reason != ''
        union all
        select
            'changes' as kind,
            object_id,
            object_key,
            line_number,
            source,
            delivered_at,
            quarantine_reason
        from {{ ref("stg_changes__entries") }}
        where quarantine_reason != ''
    ),

    final as (
        select
            toLowCardinality(lines.kind) as kind,
            lines.object_id as object_id,
            lines.object_key as object_key,
            lines.line_number as line_number,
            lines.source as source,
            lines.delivered_at as delivered_at,
            toLowCardinality(lines.quarantine_reason) as reason,
            toLowCardinality(reasons.detail) as detail
        from lines
        left join reasons on lines.quarantine_reason = reasons.reason
    )

select *
from final
