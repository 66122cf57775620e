{#
    The four inverse functional identifiers of an xAPI agent or identified group, from the raw JSON of the actor.
    `actor_identifiers` lists the well-formed ones as texts; an address and its SHA-1 give the same text, so that both
    are one learner (xAPI 1.0.3 §2.4.2: mbox_sha1sum is the hash of the whole mailto IRI).
#}
{% macro actor_type() -%} 'Tuple(
        objectType Nullable(String),
        mbox Nullable(String),
        mbox_sha1sum Nullable(String),
        openid Nullable(String),
        account Tuple(homePage Nullable(String), name Nullable(String)),
        member Array(String)
    )' {%- endmacro %}

{% macro actor_identifiers(actor) -%}
    arrayDistinct(
        arrayFilter(
            identifier -> identifier != '',
            [
                if(
                    match(ifNull({{ actor }}.mbox, ''), '^mailto:[^@\\s]+@[^@\\s]+$'),
                    concat(
                        'mbox_sha1sum|', lower(hex(SHA1(ifNull({{ actor }}.mbox, ''))))
                    ),
                    ''
                ),
                if(
                    match(ifNull({{ actor }}.mbox_sha1sum, ''), '^[0-9a-fA-F]{40}$'),
                    concat(
                        'mbox_sha1sum|', lower(ifNull({{ actor }}.mbox_sha1sum, ''))
                    ),
                    ''
                ),
                if(
                    match(
                        ifNull({{ actor }}.openid, ''), '^[a-zA-Z][a-zA-Z0-9+.-]*:\\S+$'
                    ),
                    concat('openid|', ifNull({{ actor }}.openid, '')),
                    ''
                ),
                if(
                    ifNull({{ actor }}.account.name, '') != ''
                    and ifNull({{ actor }}.account.homePage, '') != '',
                    concat(
                        'account|',
                        ifNull({{ actor }}.account.homePage, ''),
                        '|',
                        ifNull({{ actor }}.account.name, '')
                    ),
                    ''
                )
            ]
        )
    )
{%- endmacro %}

{# How many of the four the actor gives, well-formed or not: the specification allows exactly one. #}
{% macro actor_identifier_count(actor) -%}
    (
        toUInt8(isNotNull({{ actor }}.mbox))
        + toUInt8(isNotNull({{ actor }}.mbox_sha1sum))
        + toUInt8(isNotNull({{ actor }}.openid))
        + toUInt8(
            isNotNull({{ actor }}.account.name)
            or isNotNull({{ actor }}.account.homePage)
        )
    )
{%- endmacro %}
