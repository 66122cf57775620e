{#
    Points (happened, score, learners) of a yes or no against a score, as `correlation` takes them, from `levels`: an array of
    (score, learners, events), as `upper_lower_index` takes them.
#}
{% macro score_points(levels) -%}
    arraySort(
        arrayFilter(
            (happened, score, learner_count) -> learner_count > 0,
            arrayConcat(
                arrayMap(
                    (score, learner_count, event_count)
                    -> (0, score, toUInt64(learner_count - event_count)),
                    {{ levels }}
                ),
                arrayMap(
                    (score, learner_count, event_count)
                    -> (1, score, toUInt64(event_count)),
                    {{ levels }}
                )
            )
        )
    )
{%- endmacro %}
