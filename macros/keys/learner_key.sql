{#
    Pseudonym of an identity text: HMAC-SHA256 under the warehouse's key, its first 128 bits as hex. The key stays in
    `ops.keys`, out of the query text, so that no log shows it; an unkeyed hash of an address could be reversed.
#}
{% macro learner_key(identity) -%}
    left(
        lower(
            hex(
                HMAC(
                    'sha256',
                    {{ identity }},
                    assumeNotNull(
                        (
                            select argMax(value, set_at)
                            from {{ source("ops", "keys") }}
                            where name = 'learner_id_key'
                            having
                                throwIf(
                                    count() = 0,
                                    'ops.keys holds no learner_id_key; load something with `warehouse run` first'
                                )
                                = 0
                        )
                    )
                )
            )
        ),
        32
    )
{%- endmacro %}
