{#
    Stretches that may overlap, taken apart by how often they cover a place: an array of (level, start, end). At level 1
    stands what is covered at least once, at level 2 what is covered again, and so on; the stretches of one level do not
    overlap. None may be empty.

    `borders` is a column of `sorted_borders`: an end stands before a start at the same place. A border moves the count
    up to its level, or down from it, so that of one level starts and ends alternate.
#}
{% macro levelled(borders) -%}
    arrayMap(
        sorted -> arrayMap(
            (start, end) -> (start .1, start .2, end .2),
            arrayFilter(
                (border, number) -> number % 2 = 1, sorted, arrayEnumerate(sorted)
            ),
            arrayFilter(
                (border, number) -> number % 2 = 0, sorted, arrayEnumerate(sorted)
            )
        ),
        [
            arraySort(
                arrayMap(
                    (border, covered)
                    -> (if(border .2 = 1, covered, covered + 1), border .1, border .2),
                    {{ borders }},
                    arrayCumSum({{ borders }}.2)
                )
            )
        ]
    )[1]
{%- endmacro %}

{% macro sorted_borders(stretches) -%}
    arraySort(
        arrayConcat(
            arrayMap(stretch -> (stretch .1, 1), {{ stretches }}),
            arrayMap(stretch -> (stretch .2, -1), {{ stretches }})
        )
    )
{%- endmacro %}

{# The stretches of one level, as an array of (start, end). #}
{% macro of_level(levelled, level) -%}
    arrayMap(
        stretch -> (stretch .2, stretch .3),
        arrayFilter(stretch -> stretch .1 = {{ level }}, {{ levelled }})
    )
{%- endmacro %}
