{{
    config(
        materialized="touched",
        replaces="statement_key in (select statement_key from {{ ref('int_touched_statements') }})",
        sampled_by="statement_key",
        order_by=["statement_key", "statement_id", "line_hash"],
        tags=["near_real_time"],
        query_settings={
            "json_type_escape_dots_in_keys": 1,
            "type_json_skip_duplicated_paths": 1,
            "input_format_try_infer_dates": 0,
            "input_format_try_infer_datetimes": 0,
        },
    )
}}

{%- set touched_statements = ref("int_touched_statements") %}

with
    copies as (
        select
            statement_id,
            statement_key,
            line_hash,
            load_id,
            object_id,
            line_number,
            occurred_at,
            timestamp_quality,
            stored_at
        from {{ ref("stg_xapi__statements") }}
        where
            {% if is_touched_build() %}
                statement_key in (select statement_key from {{ touched_statements }})
            {% else %} {{ is_in_sample("statement_key") }}
            {% endif %}
            and quarantine_reason = ''
            and load_key
            in (select load_key from {{ ref("int_object_states") }} where is_live)
    ),

    {# Nearly all statements came in one text only, and they skip the expensive steps. #}
    sent_differently as (
        select statement_key
        from copies
        group by statement_key
        having min(line_hash) != max(line_hash)
    ),

    texts as (
        select
            statement_id,
            statement_key,
            line_hash,
            occurred_at,
            timestamp_quality,
            stored_at,
            load_id,
            object_id,
            line_number
        from copies
        where statement_key in (select statement_key from sent_differently)
        order by statement_id, line_hash, load_id, object_id, line_number
        limit 1 by statement_id, line_hash
    ),

    {#
        What the statement says, property by property, without what a record store sets. The JSON type puts keys in
        order and spells numbers in one way. Of a key that came twice the first counts, as everywhere. Done as the lines
        are read, a few at a time, and joined to the little that is known of them: so many JSON columns at once, and all
        these texts on the side of a join that is kept, took more memory than a query may have.
    #}
    lines as (
        select
            load_id as line_load_id,
            object_id as line_object_id,
            line_number as number_of_line,
            JSONExtractKeysAndValuesRaw(line) as properties,
            arrayMap(
                property -> (
                    property .1,
                    ifNull(
                        toString(
                            accurateCastOrNull(
                                concat('{"value":', property .2, '}'), 'JSON'
                            )
                        ),
                        property .2
                    )
                ),
                arrayFilter(
                    (property, position) -> property .1 not in (
                        'id',
                        'timestamp',
                        'stored',
                        'authority',
                        'version',
                        'attachments'
                    )
                    and indexOf(properties .1, property .1) = position,
                    properties,
                    arrayEnumerate(properties)
                )
            ) as said
        from {{ ref("stg_xapi__lines") }}
        where
            (load_id, object_id, line_number)
            in (select load_id, object_id, line_number from texts)
    ),

    parted as (
        select
            texts.statement_id as statement_id,
            texts.statement_key as statement_key,
            texts.line_hash as line_hash,
            texts.stored_at as stored_at,
            arraySort(
                arrayPushBack(
                    lines.said,
                    (
                        'timestamp',
                        if(
                            texts.timestamp_quality = 'stored',
                            '',
                            toString(texts.occurred_at)
                        )
                    )
                )
            ) as parts
        from lines
        inner join
            texts
            on lines.line_load_id = texts.load_id
            and lines.line_object_id = texts.object_id
            and lines.number_of_line = texts.line_number
    ),

    identified as (
        select
            statement_id,
            statement_key,
            line_hash,
            stored_at,
            lower(hex(sipHash128(toString(parts)))) as content_id,
            arrayMap(part -> part .1, parts) as part_names,
            arrayMap(part -> sipHash64(part .2), parts) as part_hashes
        from parted
    ),

    {# The content that was stored first counts, then the one with the smallest hash: never the one loaded first. #}
    dated as (
        select
            *,
            min(stored_at) over (
                partition by statement_id, content_id
            ) as first_stored_at
        from identified
    ),

    final as (
        select
            statement_id,
            statement_key,
            line_hash,
            content_id,
            stored_at,
            part_names,
            part_hashes,
            dense_rank() over (
                partition by statement_id
                order by first_stored_at is null, first_stored_at, content_id
            )
            = 1 as is_chosen
        from dated
    )

select
    statement_id,
    statement_key,
    line_hash,
    content_id,
    is_chosen,
    stored_at,
    part_names,
    part_hashes
from final
