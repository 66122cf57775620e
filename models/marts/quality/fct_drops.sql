{{
    config(
        order_by=["object_key", "object_id"],
        tags=["near_real_time"],
    )
}}

with
    committed as (
        select
            load_id,
            object_id,
            kind,
            source,
            bucket,
            object_key,
            size_bytes,
            delivered_at,
            loaded_at,
            line_count,
            rejected_count
        from {{ ref("stg_ops__drops") }}
    ),

    live as (select object_id, 1 as is_live from {{ ref("stg_ops__live_drops") }}),

    verdicts as (
        select load_id, object_id, verdict, reason from {{ ref("stg_ops__verdicts") }}
    ),

    refusals as (
        select load_id, object_id, refused_count, refused_by_reason
        from {{ ref("stg_ops__refusals") }}
    ),

    {# The last failure of an object that no attempt has read since. #}
    failed as (
        select
            object_id,
            kind,
            source,
            bucket,
            object_key,
            size_bytes,
            delivered_at,
            code,
            message
        from {{ ref("stg_ops__failed_drops") }}
        where object_id not in (select object_id from committed)
        order by object_id, failed_at desc
        limit 1 by object_id
    ),

    final as (
        select
            committed.object_id as object_id,
            toLowCardinality(committed.kind) as kind,
            committed.source as source,
            committed.bucket as bucket,
            committed.object_key as object_key,
            committed.size_bytes as size_bytes,
            committed.delivered_at as delivered_at,
            toNullable(committed.loaded_at) as loaded_at,
            committed.line_count as line_count,
            {# The gate counts what the load rejected as well; 0 where it has not looked yet. #}
            greatest(
                committed.rejected_count, refusals.refused_count
            ) as rejected_count,
            toUInt64(
                rejected_count - committed.rejected_count
            ) as rejected_by_staging_count,
            refusals.refused_by_reason as rejected_by_reason,
            toLowCardinality(
                multiIf(
                    live.is_live = 1,
                    'live',
                    verdicts.verdict in ('pass', 'quarantine', 'release', 'superseded'),
                    'superseded',
                    'held'
                )
            ) as status,
            toLowCardinality(verdicts.verdict) as verdict,
            verdicts.reason as reason
        from committed
        left join live using (object_id)
        left join verdicts using (load_id, object_id)
        left join refusals using (load_id, object_id)
        union all
        select
            object_id,
            toLowCardinality(kind) as kind,
            source,
            bucket,
            object_key,
            size_bytes,
            delivered_at,
            null as loaded_at,
            toUInt64(0) as line_count,
            toUInt64(0) as rejected_count,
            toUInt64(0) as rejected_by_staging_count,
            CAST(map(), 'Map(String, UInt64)') as rejected_by_reason,
            toLowCardinality('failed') as status,
            toLowCardinality('') as verdict,
            concat(code, ': ', message) as reason
        from failed
    )

select *
from final
