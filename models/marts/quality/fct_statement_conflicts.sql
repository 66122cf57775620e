{{
    config(
        order_by=["statement_id", "content_id"],
        tags=["nightly"],
    )
}}

with
    compared as (
        select
            statement_id,
            statement_key,
            line_hash,
            content_id,
            is_chosen,
            stored_at,
            part_names,
            part_hashes
        from {{ ref("int_statements__compared") }}
    ),

    contents as (
        select
            statement_id,
            content_id,
            max(is_chosen) as is_counted,
            min(stored_at) as first_stored_at,
            min(
                arrayMap((name, hash) -> (name, hash), part_names, part_hashes)
            ) as parts
        from compared
        group by statement_id, content_id
    ),

    conflicts as (
        select
            statement_id,
            count() as content_count,
            arrayFlatten(groupArray(parts)) as all_parts
        from contents
        group by statement_id
        having count() > 1
    ),

    {# A part differs when not every content has it with this value. #}
    differences as (
        select
            statement_id,
            content_count,
            arraySort(
                arrayDistinct(
                    arrayFilter(
                        (name, part) -> countEqual(all_parts, part) < content_count,
                        all_parts.name,
                        all_parts
                    )
                )
            ) as differing_parts
        from conflicts
    ),

    deliveries as (
        select statement_id, line_hash, source, delivered_at
        from {{ ref("stg_xapi__statements") }}
        where
            quarantine_reason = ''
            and statement_key in (select statement_key from compared)
            and statement_id in (select statement_id from conflicts)
            and load_key
            in (select load_key from {{ ref("int_object_states") }} where is_live)
    ),

    delivered as (
        select
            compared.statement_id as delivered_statement_id,
            compared.content_id as delivered_content_id,
            count() as delivery_count,
            arraySort(groupUniqArray(toString(deliveries.source))) as sources,
            min(deliveries.delivered_at) as first_delivered_at,
            max(deliveries.delivered_at) as last_delivered_at
        from deliveries
        inner join
            compared
            on deliveries.statement_id = compared.statement_id
            and deliveries.line_hash = compared.line_hash
        group by compared.statement_id, compared.content_id
    ),

    final as (
        select
            contents.statement_id as statement_id,
            left(
                lower(
                    hex(
                        HMAC(
                            'sha256',
                            contents.content_id,
                            assumeNotNull(
                                (
                                    select content_key
                                    from {{ ref("stg_ops__content_keys") }}
                                )
                            )
                        )
                    )
                ),
                32
            ) as keyed_content_id,
            contents.is_counted as is_counted,
            differences.content_count as content_count,
            differences.differing_parts as differing_parts,
            contents.first_stored_at as first_stored_at,
            delivered.sources as sources,
            delivered.delivery_count as delivery_count,
            delivered.first_delivered_at as first_delivered_at,
            delivered.last_delivered_at as last_delivered_at
        from contents
        inner join differences on contents.statement_id = differences.statement_id
        inner join
            delivered
            on contents.statement_id = delivered.delivered_statement_id
            and contents.content_id = delivered.delivered_content_id
    )

select
    statement_id,
    keyed_content_id as content_id,
    CAST(is_counted, 'Bool') as is_counted,
    content_count,
    differing_parts,
    first_stored_at,
    sources,
    delivery_count,
    first_delivered_at,
    last_delivered_at
from final
