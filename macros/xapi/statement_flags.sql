{#
    What is wrong with a statement that still counts, of the columns of stg_xapi__statements; none of a refused
    one. The seed of the same name says what each means.
#}
{% macro statement_flags() -%}
    {{
        raised_flags(
            "quarantine_reason = ''",
            [
                ("group_activity", "object_type = 'GroupActivity'"),
                (
                    "anonymous_group",
                    "startsWith(identity, 'group|')",
                ),
                (
                    "unknown_property",
                    "has_unknown_property or "
                    ~ has_unknown_result_property("unusable_in_result")
                    ~ " or (startsWith(spec_version, '1.') and (context.contextAgents != '' or context.contextGroups != ''))",
                ),
                (
                    "invalid_stored",
                    "isNotNull(statement.stored) and isNull(stored_at)",
                ),
                (
                    "invalid_result",
                    "hasAny(unusable_in_result, ['result', 'success', 'completion', 'response', 'extensions'])",
                ),
                (
                    "invalid_score",
                    "has(unusable_in_result, 'score') or is_scaled_out_of_range or is_raw_out_of_range",
                ),
                ("invalid_duration", "has(unusable_in_result, 'duration')"),
                (
                    "invalid_context",
                    is_invalid_context("context")
                    ~ " or "
                    ~ has_unreadable_context("lines_without_context"),
                ),
                (
                    "invalid_context_activities",
                    "not "
                    ~ are_valid_context_activities("irregular_context_activities"),
                ),
                (
                    "invalid_language",
                    "context.language != '' and not "
                    ~ matches("context.language", language_tag_pattern()),
                ),
                (
                    "misplaced_property",
                    "object_type not in ('Activity', 'GroupActivity') and (context.platform != '' or context.revision != '')",
                ),
                (
                    "invalid_extension_key",
                    has_unknown_key_without_iri(
                        "context.extensions", "context_fields"
                    )
                    ~ " or "
                    ~ has_unknown_key_without_iri(
                        "result.extensions", "result_fields"
                    ),
                ),
                (
                    "miscased_property",
                    has_miscased_property(
                        "incomplete_lines", "lines_without_context"
                    ),
                ),
                (
                    "invalid_authority",
                    "statement.authority != '' and not "
                    ~ matches("authority_json", authority_pattern()),
                ),
                (
                    "invalid_attachments",
                    "not "
                    ~ are_valid_attachments(
                        irregular(
                            "statement.attachments != ''", "statement.attachments"
                        )
                    ),
                ),
                (
                    "invalid_sub_statement",
                    is_faulty_sub_statement("sub_statements"),
                ),
            ],
        )
    }}
{%- endmacro %}
