{#
Place of a unit in its course's published order, 1 for the first, NULL without one: modules are counted among modules,
activities among activities. Ranks instead of positions, because catalogues number in steps of ten or a hundred and
"the next unit" must not depend on it. Units of one position (a catalogue's mistake) are ordered by their id.
#}
{% macro published_rank(
    course_id="course_id",
    unit_kind="unit_kind",
    position="position",
    unit_id="unit_id"
) -%}
    if(
        isNull({{ position }}),
        null,
        row_number() over (
            partition by {{ course_id }}, {{ unit_kind }}, isNull({{ position }})
            order by {{ position }}, {{ unit_id }}
            rows between unbounded preceding and current row
        )
    )
{%- endmacro %}
