{#
    Stretches that may overlap, taken apart by how often they cover a place: an array of (level, start_ms, end_ms). At level 1
    stands what is covered at least once, at level 2 what is covered again, and so on; the stretches of one level do not
    overlap. None may be empty.

    `borders` is a column of `sorted_borders`: an end stands before a start at the same place. A border moves the count
    up to its level, or down from it, so that of one level starts and ends alternate.
#}
{% macro levelled(borders) -%}
    arrayMap(
        sorted -> arrayMap(
            (start, end) -> (
                start.level as level, start.place_ms as start_ms, end.place_ms as end_ms
            ),
            arrayFilter(border -> border.step = 1, sorted),
            arrayFilter(border -> border.step = -1, sorted)
        ),
        [
            arraySort(
                arrayMap(
                    (border, covered) -> (
                        if(border.step = 1, covered, covered + 1) as level,
                        border.place_ms as place_ms,
                        border.step as step
                    ),
                    {{ borders }},
                    arrayCumSum({{ borders }}.step)
                )
            )
        ]
    )[1]
{%- endmacro %}

{# Where the stretches, an array of (start_ms, end_ms), start (step 1) and end (step -1). #}
{% macro sorted_borders(stretches) -%}
    arraySort(
        arrayConcat(
            arrayMap(
                stretch -> (stretch.start_ms as place_ms, 1 as step), {{ stretches }}
            ),
            arrayMap(
                stretch -> (stretch.end_ms as place_ms, -1 as step), {{ stretches }}
            )
        )
    )
{%- endmacro %}

{# The stretches of one level, as an array of (start_ms, end_ms). #}
{% macro of_level(levelled, level) -%}
    arrayMap(
        stretch -> (stretch.start_ms as start_ms, stretch.end_ms as end_ms),
        arrayFilter(stretch -> stretch.level = {{ level }}, {{ levelled }})
    )
{%- endmacro %}
