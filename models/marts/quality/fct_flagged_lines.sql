{{
    config(
        codecs={
            "object_id": "ZSTD(1)",
            "line_number": "ZSTD(1)",
            "delivered_at": "ZSTD(1)",
            "statement_id": "ZSTD(1)",
        },
        order_by=["object_key", "line_number", "flag"],
        tags=["nightly"],
    )
}}

with
    known_flags as (select flag as name, detail from {{ ref("statement_flags") }}),

    flagged as (
        select
            object_id,
            object_key,
            line_number,
            source,
            delivered_at,
            statement_id,
            arrayJoin(flags) as flag
        from {{ ref("stg_xapi__statements") }}
        where
            notEmpty(flags)
            and load_key
            in (select load_key from {{ ref("int_object_states") }} where is_live)
    ),

    final as (
        select
            flagged.object_id as object_id,
            flagged.object_key as object_key,
            flagged.line_number as line_number,
            flagged.source as source,
            flagged.delivered_at as delivered_at,
            flagged.statement_id as statement_id,
            toLowCardinality(flagged.flag) as flag,
            toLowCardinality(known_flags.detail) as detail
        from flagged
        left join known_flags on flagged.flag = known_flags.name
    )

select *
from final
