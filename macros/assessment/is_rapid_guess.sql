{# Whether an answer came faster than a person reads the question: by the clock, and by the item's median. #}
{% macro is_rapid_guess(response_seconds, median_seconds) -%}
    toBool(
        ifNull(
            {{ response_seconds }} < least(
                {{ var("rapid_guess_max_seconds") }},
                {{ var("rapid_guess_median_share") }} * {{ median_seconds }}
            ),
            false
        )
    )
{%- endmacro %}
