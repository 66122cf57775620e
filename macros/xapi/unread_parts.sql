{# Parts of a statement that are judged, though nothing of them is read: who stored it, and files beside it. #}
{# Who sent a statement: an agent, or the group of an application and its user. #}
{% macro authority_pattern() -%}
    {%- set type = '"objectType":"Group"' -%}
    {%- set two_members = (
        '"member":[[]' ~ agent_pattern() ~ "," ~ agent_pattern() ~ "[]]"
    ) -%}
    {{ agent_pattern() }}
    |{{ _both_required_pattern(type, two_members, '"name":' ~ json_text_pattern()) }}
{%- endmacro %}

{# A file beside the statement; which properties it must have says `are_valid_attachments`. #}
{% macro attachment_pattern() -%}
    {%- set iri = '"' ~ iri_pattern() ~ '"' -%}
    {{-
        object_pattern(
            [
                '"(?:usageType|fileUrl)":' ~ iri,
                '"(?:display|description)":' ~ language_map_pattern(),
                '"(?:contentType|sha2)":' ~ json_text_pattern(),
                '"length":[0-9]+',
            ]
        )
    -}}
{%- endmacro %}

{% macro are_valid_attachments(jsons) -%}
    arrayAll(
        json -> startsWith(json, '[')
        and arrayAll(
            attachment -> {{ matches("attachment", attachment_pattern()) }}
            and hasAll(
                JSONExtractKeys(attachment),
                ['usageType', 'display', 'contentType', 'length', 'sha2']
            ),
            JSONExtractArrayRaw(json)
        ),
        {{ jsons }}
    )
{%- endmacro %}
