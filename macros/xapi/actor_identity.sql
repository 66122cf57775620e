{#
    Who acted: one of the four inverse functional identifiers of an agent or identified group, as a text. An address and
    its SHA-1 give the same text, so that both are one learner (xAPI 1.0.3 §2.4.2: mbox_sha1sum is the hash of the whole
    mailto IRI). Names of accounts stay escaped as in JSON, which the engine always does in the same way.

    Spellings of one address or home page give one text (`canonical_mbox`, `canonical_home`). Only a hash cannot be
    respelled: the hash of an address with capitals is another learner than the address.
#}
{#
    The identity of any actor: by patterns where it is plain, which nearly all are; else from its JSON, a list of none or
    one text. Without an identifier of its own a group is its members.
#}
{% macro identity(is_plain, agent_json, irregular_actors) -%}
    multiIf(
        not {{ is_plain }},
        arrayMap(
            json -> if(
                {{ actor_identifier_count("json") }} = 0,
                {{ members_identity("json") }},
                {{ actor_identity("json") }}
            ),
            {{ irregular_actors }}
        )[1],
        {{ agent_text(agent_json, "mbox") }} != '',
        {{ mbox_identity(agent_text(agent_json, "mbox")) }},
        {{ agent_text(agent_json, "mbox_sha1sum") }} != '',
        concat('mbox_sha1sum|', lower({{ agent_text(agent_json, "mbox_sha1sum") }})),
        {{ without_empty_path(agent_identifier(agent_json)) }}
    )
{%- endmacro %}

{% macro mbox_identity(mbox) -%}
    concat('mbox_sha1sum|', lower(hex(SHA1({{ canonical_mbox(mbox) }}))))
{%- endmacro %}

{#
    One spelling of a mail address: schemes and domains ignore case (RFC 3986 §3.1, RFC 5321 §2.4), and blanks around
    it are no part of it. The part before the @ follows the var. International domains stay as they are sent.
#}
{% macro canonical_mbox(mbox) -%}
    {%- set address = "trimBoth(substring(trimBoth(" ~ mbox ~ "), 8))" -%}
    {%- if var("mail_addresses_ignore_case") -%}
        concat('mailto:', lowerUTF8({{ address }}))
    {%- else -%}
        concat(
            'mailto:',
            splitByChar('@', {{ address }})[1],
            '@',
            lowerUTF8(splitByChar('@', {{ address }})[2])
        )
    {%- endif -%}
{%- endmacro %}

{#
    The identity by openid or account with one spelling of its web address: scheme and host in lower case, without the
    scheme's own port, without a slash that is the whole path (RFC 3986 §6.2.2.1 and §6.2.3). Any other path counts.
    In two macros, because of the first one the engine works out each distinct text once, and of the second each row:
    actors with capitals in a host are taken apart (`has_capital_host`).
#}
{% macro without_empty_path(identity) -%}
    replaceRegexpOne(
        replaceRegexpOne(
            {{ identity }},
            '^((?:account|openid)[|])(?:(http://[^/?#|@:]*):80|(https://[^/?#|@:]*):443)([/?#|]|$)',
            '\\1\\2\\3\\4'
        ),
        '^((?:account|openid)[|]https?://[^/?#|@]*)/([|]|$)',
        '\\1\\2'
    )
{%- endmacro %}

{% macro canonical_home(identity) -%}
    {%- set site = (
        "extract("
        ~ identity
        ~ ", '^(?:account|openid)[|][hH][tT][tT][pP][sS]?://[^/?#|@]*')"
    ) -%}
    {%- set rest = "substring(" ~ identity ~ ", length(" ~ site ~ ") + 1)" -%}
    {%- set with_host_in_lower_case = (
        "concat(if(startsWith("
        ~ rest
        ~ ", '@'), "
        ~ site
        ~ ", lower("
        ~ site
        ~ ")), "
        ~ rest
        ~ ")"
    ) -%}
    {{ without_empty_path(with_host_in_lower_case) }}
{%- endmacro %}

{% macro has_capital_host(agent_json) -%}
    match(
        {{ agent_json }},
        '"(?:homePage|openid)":"(?:[^":/]*[A-Z][^":/]*:|https?://[^"/?#@]*[A-Z])'
    )
{%- endmacro %}

{# The text of one identifier of an agent that matches `agent_pattern`; empty when it is identified otherwise. #}
{% macro agent_text(agent_json, property) -%}
    extract({{ agent_json }}, '[{,]"{{ property }}":"([^"]*)"')
{%- endmacro %}

{# The identity of such an agent by openid or account. #}
{% macro agent_identifier(agent_json) -%}
    {%- set name = '"name":"((?:[^"\\\\\\\\]|\\\\\\\\.)*)"' -%}
    {%- set replacements = [
        ('"openid":"([^"]*)"', "openid|\\\\1"),
        (
            '"account":[{]"homePage":"([^"]*)",' ~ name ~ "[}]",
            "account|\\\\1|\\\\2",
        ),
        (
            '"account":[{]' ~ name ~ ',"homePage":"([^"]*)"[}]',
            "account|\\\\2|\\\\1",
        ),
    ] -%}
    {%- for _ in replacements %} replaceRegexpOne({% endfor -%}{{ agent_json }}
    {%- for found, text in replacements -%}
            , '^[{](?:.*,)?{{ found }}.*$', '{{ text }}')
    {%- endfor -%}
{%- endmacro %}

{# The identity of an actor that is taken apart: any group, and agents with properties that are unknown. #}
{% macro actor_identity(actor_json) -%}
    concat(
        if(
            JSONHas({{ actor_json }}, 'mbox'),
            {{ mbox_identity("JSONExtractString(" ~ actor_json ~ ", 'mbox')") }},
            ''
        ),
        if(
            JSONHas({{ actor_json }}, 'mbox_sha1sum'),
            concat(
                'mbox_sha1sum|',
                lower(JSONExtractString({{ actor_json }}, 'mbox_sha1sum'))
            ),
            ''
        ),
        if(
            JSONHas({{ actor_json }}, 'openid'),
            {{
                canonical_home(
                    "concat('openid|', JSONExtractString("
                    ~ actor_json
                    ~ ", 'openid'))"
                )
            }},
            ''
        ),
        if(
            JSONHas({{ actor_json }}, 'account'),
            {{ canonical_home(_account_text(actor_json)) }},
            ''
        )
    )
{%- endmacro %}

{% macro _account_text(actor_json) -%}
    concat(
        'account|',
        JSONExtractString({{ actor_json }}, 'account', 'homePage'),
        '|',
        {{ _without_quotes("JSONExtractRaw(" ~ actor_json ~ ", 'account', 'name')") }}
    )
{%- endmacro %}

{% macro _without_quotes(json_text) -%}
    substring({{ json_text }}, 2, length({{ json_text }}) - 2)
{%- endmacro %}

{#
    The identity of a group without an identifier of its own: exactly these members. The specification calls two such
    groups distinct even then, which would make every one of their statements another learner.
#}
{% macro members_identity(group_json) -%}
    concat(
        'group|',
        arrayStringConcat(
            arraySort(
                arrayDistinct(
                    arrayMap(
                        member -> {{ actor_identity("member") }},
                        JSONExtractArrayRaw({{ group_json }}, 'member')
                    )
                )
            ),
            '|'
        )
    )
{%- endmacro %}

{# How many of the four the actor gives, well-formed or not: the specification allows exactly one. #}
{% macro actor_identifier_count(actor_json) -%}
    length(
        arrayFilter(
            key -> has({{ identifier_properties() }}, key),
            JSONExtractKeys({{ actor_json }})
        )
    )
{%- endmacro %}

{#
    Why an actor that is not well-formed is refused. A list of none or one text with the actor's JSON gives '' or the
    reason.
#}
{% macro actor_fault(actors) -%}
    arrayMap(
        actor -> multiIf(
            not startsWith(actor, '{'),
            'invalid_actor',
            JSONHas(actor, 'objectType')
            and JSONExtractString(actor, 'objectType') not in ('Agent', 'Group'),
            'invalid_actor',
            {{ actor_identifier_count("actor") }} > 1,
            'several_actor_identifiers',
            {{ actor_identifier_count("actor") }} = 0
            and JSONExtractString(actor, 'objectType') != 'Group',
            'missing_actor_identifier',
            {{ actor_identifier_count("actor") }} = 0
            and empty(JSONExtractArrayRaw(actor, 'member')),
            'anonymous_group',
            {{
                matches(
                    known_properties("actor", actor_properties()), actor_pattern()
                )
            }},
            '',
            {{ actor_identifier_count("actor") }} = 1 and not
            {{
                matches(
                    known_properties("actor", identifier_properties()),
                    "[{]" ~ identifier_pattern() ~ "[}]",
                )
            }},
            'invalid_actor_identifier',
            'invalid_actor'
        ),
        {{ actors }}
    )[1]
{%- endmacro %}
