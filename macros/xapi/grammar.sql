{#
    The parts of a statement as regular expressions over JSON text as the engine writes a value that it has parsed: no
    white space between tokens, and commas where they belong, so that `,?` is enough between two properties. Agents,
    verbs and activities are regular once extensions are taken out: one match decides all the specification asks of
    them, namely required and allowed properties, types, formats and exactly one identifier. Texts repeat, so matches
    run on LowCardinality columns, once per distinct text. Character classes instead of backslashes where possible,
    because the patterns pass through SQL literals.
#}
{% macro json_text_pattern() -%} "(?:[^"\\\\]|\\\\.)*" {%- endmacro %}

{# An absolute IRI as far as a warehouse must know: a scheme, a colon, something without blank or quote. #}
{% macro iri_pattern() -%} [a-zA-Z][a-zA-Z0-9+.-]*:[^[:space:]"\\\\]+ {%- endmacro %}

{% macro uuid_pattern() -%}
    [0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}
{%- endmacro %}

{# A language tag of RFC 5646: language, script, region, variants, extensions, private use. #}
{% macro language_tag_pattern() -%}
    {%- set language = "(?:[a-zA-Z]{2,3}(?:-[a-zA-Z]{3}){0,3}|[a-zA-Z]{4,8})" -%}
    {%- set region = "(?:-[a-zA-Z]{4})?(?:-(?:[a-zA-Z]{2}|[0-9]{3}))?" -%}
    {%- set variants = "(?:-(?:[a-zA-Z0-9]{5,8}|[0-9][a-zA-Z0-9]{3}))*" -%}
    {%- set extensions = "(?:-[0-9a-wyzA-WYZ](?:-[a-zA-Z0-9]{2,8})+)*" -%}
    {%- set private = "(?:-[xX](?:-[a-zA-Z0-9]{1,8})+)?" -%}
    (?:{{ language ~ region ~ variants ~ extensions ~ private }}|[ixIX](?:-[a-zA-Z0-9]{1,8})+)
{%- endmacro %}

{# An object whose properties each match one of the patterns, in any order. #}
{% macro object_pattern(properties) -%}
    [{](?:(?:{{ properties | join("|") }}),?)*[}]
{%- endmacro %}

{% macro list_pattern(item) -%} [[](?:{{ item }},?)*[]] {%- endmacro %}

{% macro language_map_pattern() -%}
    {{- object_pattern(['"' ~ language_tag_pattern() ~ '":' ~ json_text_pattern()]) -}}
{%- endmacro %}

{# Schemes ignore case; blanks around an address are no part of it (see `canonical_mbox`). #}
{% macro _mbox_pattern() -%}
    "mbox":" *[mM][aA][iI][lL][tT][oO]: *[^@[:space:]"\\\\]+@[^@[:space:]"\\\\]+ *"
{%- endmacro %}

{# A name that is no name identifies no actor. #}
{% macro _account_name_pattern() -%} "name":"(?:[^"\\\\]|\\\\.)+" {%- endmacro %}

{% macro identifier_pattern() -%}
    {%- set iri = '"' ~ iri_pattern() ~ '"' -%}
    {%- set home, name = '"homePage":' ~ iri, _account_name_pattern() -%}
    {%- set account = "(?:" ~ home ~ "," ~ name ~ "|" ~ name ~ "," ~ home ~ ")" -%}
    (?:{{ _mbox_pattern() }}|"mbox_sha1sum":"[0-9a-fA-F]{40}"|"openid":{{ iri }}|"account":[{]{{ account }}[}])
{%- endmacro %}

{# One property that must be there, anywhere among others that may be. #}
{% macro _required_pattern(required, others) -%}
    [{](?:(?:{{ others }}),)*{{ required }}(?:,(?:{{ others }}))*[}]
{%- endmacro %}

{# Exactly one identifier. #}
{% macro _identified_pattern(others) -%}
    {{- _required_pattern(identifier_pattern(), others) -}}
{%- endmacro %}

{% macro agent_pattern() -%}
    {{- _identified_pattern('"objectType":"Agent"|"name":' ~ json_text_pattern()) -}}
{%- endmacro %}

{# Two properties that must be there, in either order, among others that may be. #}
{% macro _both_required_pattern(first, second, others) -%}
    {%- set between = ",(?:(?:" ~ others ~ "),)*" -%}
    {%- set both = "(?:" ~ first ~ between ~ second ~ "|" ~ second ~ between ~ first ~ ")" -%}
    {{- _required_pattern(both, others) -}}
{%- endmacro %}

{#
    A group: identified, with members or without; or anonymous, with at least one member. Members are agents. Its type is
    no option: without one, it would be an agent.
#}
{% macro group_pattern() -%}
    {%- set type = '"objectType":"Group"' -%}
    {%- set name = '"name":' ~ json_text_pattern() -%}
    {%- set members = '"member":' ~ list_pattern(agent_pattern()) -%}
    {%- set some_members = '"member":[[](?:' ~ agent_pattern() ~ ",?)+[]]" -%}
    (?:{{ _both_required_pattern(type, identifier_pattern(), name ~ "|" ~ members) -}}
    |{{ _both_required_pattern(type, some_members, name) }})
{%- endmacro %}

{% macro verb_pattern() -%}
    {{- _required_pattern('"id":"' ~ iri_pattern() ~ '"', '"display":' ~ language_map_pattern()) -}}
{%- endmacro %}

{# An activity, its extensions taken out (see `known_activity`). #}
{% macro activity_pattern() -%}
    {%- set text = json_text_pattern() -%}
    {%- set iri = '"' ~ iri_pattern() ~ '"' -%}
    {%- set component = object_pattern(['"id":' ~ text, '"description":' ~ language_map_pattern()]) -%}
    {%- set interactions = "true-false|choice|fill-in|long-fill-in|matching|performance|sequencing|likert|numeric|other" -%}
    {%- set definition = object_pattern(
        [
            '"(?:name|description)":' ~ language_map_pattern(),
            '"(?:type|moreInfo)":' ~ iri,
            '"interactionType":"(?:' ~ interactions ~ ')"',
            '"correctResponsesPattern":' ~ list_pattern(text),
            '"(?:choices|scale|source|target|steps)":' ~ list_pattern(component),
        ]
    ) -%}
    {# Open edX sends the question that holds several inputs as a `GroupActivity`; see the flag of that name. #}
    {%- set types = '"objectType":"(?:Activity|GroupActivity)"' -%}
    {{- _required_pattern('"id":' ~ iri, types ~ '|"definition":' ~ definition) -}}
{%- endmacro %}

{# Its type is no option: without one, the object would be an activity. #}
{% macro statement_reference_pattern() -%}
    {%- set type, id = '"objectType":"StatementRef"', '"id":"' ~ uuid_pattern() ~ '"' -%}
    [{](?:{{ type }},{{ id }}|{{ id }},{{ type }})[}]
{%- endmacro %}

{% macro actor_pattern() -%} {{ agent_pattern() }}|{{ group_pattern() }} {%- endmacro %}

{# What a statement can be about, but for sub-statements, which `is_valid_sub_statement` takes apart. #}
{% macro statement_object_pattern() -%}
    {{ activity_pattern() }}|{{ actor_pattern() }}|{{ statement_reference_pattern() }}
{%- endmacro %}

{# contextActivities: activities under four names, one or a list of them. #}
{% macro context_activities_pattern() -%}
    {%- set one_or_more = "[[]?(?:" ~ activity_pattern() ~ ",?)*[]]?" -%}
    [{](?:"(?:parent|grouping|category|other)":{{ one_or_more }},?)+[}]
{%- endmacro %}

{# xAPI 2.0: further people and groups that a statement concerns. #}
{% macro context_agents_pattern() -%}
    {%- set properties = [
        '"objectType":"contextAgent"',
        '"agent":' ~ agent_pattern(),
        '"relevantTypes":[[](?:"' ~ iri_pattern() ~ '",?)+[]]',
    ] -%}
    {{- list_pattern(object_pattern(properties)) -}}
{%- endmacro %}

{% macro context_groups_pattern() -%}
    {%- set properties = [
        '"objectType":"contextGroup"',
        '"group":' ~ group_pattern(),
        '"relevantTypes":[[](?:"' ~ iri_pattern() ~ '",?)+[]]',
    ] -%}
    {{- list_pattern(object_pattern(properties)) -}}
{%- endmacro %}

{#
    A duration of ISO 8601 (§4.4.3.2) with a length in seconds: weeks alone, or days to seconds with at least one of them.
    Years and months have no fixed length, so that only zero ones may be named: PHP's DateInterval and Joda write all
    parts (P0Y0M0DT0H0M5S).
#}
{% macro duration_pattern() -%}
    {%- set number, zero = "[0-9]+(?:[.,][0-9]+)?", "0+(?:[.,]0+)?" -%}
    {%- set days = "(?:" ~ number ~ "D)?" -%}
    {%- set date = "(?:" ~ zero ~ "Y(?:" ~ zero ~ "M)?" ~ days ~ "|" ~ zero ~ "M" ~ days ~ "|" ~ number ~ "D)" -%}
    {%- set hours, minutes, seconds = number ~ "H", number ~ "M", number ~ "S" -%}
    {%- set time = "T(?:" ~ hours ~ "(?:" ~ minutes ~ ")?(?:" ~ seconds ~ ")?|" ~ minutes
        ~ "(?:" ~ seconds ~ ")?|" ~ seconds ~ ")" -%}
    P(?:{{ number }}W|{{ date }}(?:{{ time }})?|{{ time }})
{%- endmacro %}

{# Extensions as most senders write them: under IRIs, with plain values or lists of such. #}
{% macro plain_extensions_pattern() -%}
    {%- set plain = "(?:" ~ json_text_pattern() ~ "|-?[0-9][0-9.eE+-]*|true|false|null)" -%}
    [{](?:"{{ iri_pattern() }}":(?:{{ plain }}|{{ list_pattern(plain) }}),?)*[}]
{%- endmacro %}

{% macro score_pattern() -%}
    [{](?:"(?:scaled|raw|min|max)":-?[0-9][0-9.eE+-]*,?)*[}]
{%- endmacro %}

{# A result that needs no second look. What does not match is taken apart by `unusable_result_properties`. #}
{% macro plain_result_pattern() -%}
    {{- object_pattern(
        [
            '"(?:success|completion)":(?:true|false)',
            '"response":' ~ json_text_pattern(),
            '"duration":"' ~ duration_pattern() ~ '"',
            '"score":' ~ score_pattern(),
            '"extensions":' ~ plain_extensions_pattern(),
        ]
    ) -}}
{%- endmacro %}

{% macro _zone_pattern() -%} (?:[Zz]|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?) {%- endmacro %}

{% macro rfc3339_pattern() -%}
    {%- set date = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])" -%}
    {%- set time = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:[.][0-9]+)?" -%}
    {{- date }}[Tt ]{{ time }}(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])
{%- endmacro %}

{# Calendar, week and ordinal dates; hours, minutes or seconds; 24:00; with and without zone; extended and basic. #}
{% macro iso8601_pattern() -%}
    {%- set day = "(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])" -%}
    {%- set week_day = "W(?:0[1-9]|[1-4][0-9]|5[0-3])-[1-7]" -%}
    {%- set day_of_year = "(?:[0-2][0-9]{2}|3[0-5][0-9]|36[0-6])" -%}
    {%- set extended_date = "[0-9]{4}-(?:" ~ day ~ "|" ~ week_day ~ "|" ~ day_of_year ~ ")" -%}
    {%- set seconds = "(?:[0-5][0-9]|60)(?:[.,][0-9]+)?" -%}
    {%- set hour = "(?:[01][0-9]|2[0-3])" -%}
    {%- set extended_time = hour ~ "(?::[0-5][0-9](?::" ~ seconds ~ ")?)?|24:00(?::00(?:[.,]0+)?)?" -%}
    {%- set basic_date = "[0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])" -%}
    {%- set basic_time = hour ~ "[0-5][0-9](?:" ~ seconds ~ ")?" -%}
    (?:{{ extended_date }}[Tt ](?:{{ extended_time }})|{{ basic_date }}[Tt]{{ basic_time }}){{ _zone_pattern() }}?
{%- endmacro %}

{# Nearly every timestamp: RFC 3339 without a leap second, the offset -00:00 and years before 1000. #}
{% macro plain_timestamp_pattern() -%}
    {%- set date = "[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])" -%}
    {%- set time = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]+)?" -%}
    {%- set west = "-(?:(?:0[1-9]|1[0-9]|2[0-3]):[0-5][0-9]|00:(?:0[1-9]|[1-5][0-9]))" -%}
    {{- date }}[T ]{{ time }}(?:Z|[+](?:[01][0-9]|2[0-3]):[0-5][0-9]|{{ west }})
{%- endmacro %}

{% macro matches(text, pattern) -%} match({{ text }}, '^(?:{{ pattern }})$') {%- endmacro %}
