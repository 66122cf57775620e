{#
    Statements with our words for what they say in IRIs, as a query in brackets: the columns of `statements`, which is one
    too, and beside them `verb`, `verb_group`, `activity_type` and `is_part`. Where a statement names no course,
    `course_id` is that of the catalogue, else the only course of its activity.
#}
{% macro named_statements(statements) -%}
    (
        select
            * except (
                course_id,
                named_verb,
                named_group,
                parent_activity_type,
                placed_course_id
            ),
            if(named_verb = '', 'other', named_verb) as verb,
            multiIf(
                named_verb = '',
                'other',
                activity_type = 'video' and named_group = 'lifecycle',
                'video',
                named_group
            ) as verb_group,
            placed_course_id as course_id,
            {# Open edX and others send one parent statement for a problem and one child for each of its inputs. #}
            activity_type = 'question' and parent_activity_type = 'question' as is_part
        from
            (
                select
                    statements.*,
                    multiIf(
                        own_types.known_type != '',
                        own_types.known_type,
                        items.item_type != '',
                        items.item_type,
                        named_group = 'video',
                        'video',
                        'other'
                    ) as activity_type,
                    multiIf(
                        course_id != '',
                        course_id,
                        item_course_id != '',
                        item_course_id,
                        only_course_id
                    ) as placed_course_id,
                    verbs.named_verb as named_verb,
                    verbs.named_group as named_group,
                    parent_types.known_type as parent_activity_type
                from {{ statements }} as statements
                left join
                    (
                        select
                            verb_iri as iri,
                            verb as named_verb,
                            verb_group as named_group
                        from {{ ref("xapi_verbs") }}
                    ) as verbs
                    on statements.verb_iri = verbs.iri
                left join
                    ({{ known_types() }}) as own_types
                    on statements.activity_type_iri = own_types.iri
                left join
                    ({{ known_types() }}) as parent_types
                    on statements.parent_activity_type_iri = parent_types.iri
                left join
                    (
                        select
                            activity_id as item_id,
                            course_id as item_course_id,
                            activity_type as item_type
                        from {{ ref("int_catalog_items__current") }}
                    ) as items
                    on statements.activity_id = items.item_id
                left join
                    (
                        select activity_id as placed_id, course_id as only_course_id
                        from {{ ref("int_activity_courses") }}
                        where is_only_course
                    ) as only_courses
                    on statements.activity_id = only_courses.placed_id
            )
    )
{%- endmacro %}

{% macro known_types() -%}
    select activity_type_iri as iri, activity_type as known_type
    from {{ ref("activity_types") }}
{%- endmacro %}
