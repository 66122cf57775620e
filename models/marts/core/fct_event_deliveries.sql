{{
    config(
        materialized="touched",
        replaces="object_id in (select object_id from {{ ref('int_object_states') }} where is_touched) "
        ~ "{{ or_in_refreshed_month('delivered_at') }}",
        sampled_by="object_id",
        codecs={
            "statement_id": "ZSTD(1)",
            "line_number": "ZSTD(1)",
            "delivered_at": "ZSTD(1)",
            "lateness_seconds": "ZSTD(1)",
        },
        order_by=["statement_id", "object_key", "line_number"],
        partition_by="toYYYYMM(delivered_at)",
        tags=["near_real_time"],
    )
}}

{# Read in the order written: the object's key is the quickest of all to look through. #}
with
    object_states as (
        select load_key, object_id, object_key, is_live, is_touched
        from {{ ref("int_object_states") }}
    ),

    touched_objects as (select object_id from object_states where is_touched),

    final as (
        select
            statement_id,
            object_id,
            object_key,
            line_number,
            source,
            delivered_at,
            loaded_at,
            {{ seconds("dateDiff('millisecond', occurred_at, delivered_at)") }}
            as lateness_seconds
        from {{ ref("stg_xapi__statements") }}
        where
            {% if is_touched_build() %}
                (
                    (
                        load_key in (
                            select load_key
                            from object_states
                            where object_id in (select object_id from touched_objects)
                        )
                        and object_key
                        in (select object_key from object_states where is_touched)
                    )
                    {{ or_in_refreshed_month("delivered_at") }}
                )
                and
            {% endif %}
            load_key in (select load_key from object_states where is_live)
            and quarantine_reason = ''
    )

select
    statement_id,
    toLowCardinality(object_id) as object_id,
    toLowCardinality(object_key) as object_key,
    line_number,
    source,
    delivered_at,
    loaded_at,
    lateness_seconds
from final
