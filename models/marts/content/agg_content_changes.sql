{{
    config(
        order_by=["course_id", "changed_at", "activity_id", "measure"],
        tags=["nightly"],
    )
}}

{%- set is_time = "measure = 'time_against_expected'" %}

with
    changes as (
        select
            change_id,
            course_id,
            activity_id,
            activity_type,
            module_id,
            title,
            change_kind,
            note,
            origin,
            changed_at,
            before_since_at,
            after_until_at
        from {{ ref("fct_content_changes") }}
    ),

    valued as (
        select
            *,
            if(
                {{ is_time }},
                toFloat64({{ var("content_change_smallest_time_factor") }}),
                toFloat64({{ var("content_change_smallest_difference") }})
            ) as smallest_difference,
            if(
                {{ is_time }}, log(smallest_difference), smallest_difference
            ) as smallest_gap
        from {{ ref("agg_change_values") }}
    ),

    {#
        How far from good: the hazard; what is missing to all; the distance of the time's logarithm from 0, whose bounds
        change places below 0.
    #}
    with_distances as (
        select
            *,
            {%- for side in ["before", "after"] %}
                multiIf(
                    {{ is_time }},
                    abs(log({{ side }}_value)),
                    measure = 'hot_spot_hazard',
                    {{ side }}_value,
                    1 - {{ side }}_value
                ) as {{ side }}_distance,
                {%- for bound, other in [("low", "high"), ("high", "low")] %}
                    multiIf(
                        {{ is_time }} and {{ side }}_value < 1,
                        - log({{ side }}_value_{{ other }}),
                        {{ is_time }},
                        log({{ side }}_value_{{ bound }}),
                        measure = 'hot_spot_hazard',
                        {{ side }}_value_{{ bound }},
                        1 - {{ side }}_value_{{ other }}
                    ) as {{ side }}_distance_{{ bound }}
                    {{- "," if not (loop.last and side == "after") }}
                {%- endfor %}
            {%- endfor %}
        from valued
    ),

    final as (
        select
            *,
            {{
                difference_low(
                    "after_distance",
                    "after_distance_low",
                    "before_distance",
                    "before_distance_high",
                )
            }} as gap_low,
            {{
                difference_high(
                    "after_distance",
                    "after_distance_high",
                    "before_distance",
                    "before_distance_low",
                )
            }} as gap_high,
            multiIf(
                value_reason = 'suppressed',
                'too_early',
                value_reason != '',
                'not_comparable',
                ifNull(gap_high < 0, false),
                'improved',
                ifNull(gap_low > 0, false),
                'worse',
                ifNull(gap_low > - smallest_gap and gap_high < smallest_gap, false),
                'no_difference_seen',
                'too_early'
            ) as verdict,
            multiIf(
                value_reason != '',
                value_reason,
                verdict = 'too_early',
                'wide_interval',
                ''
            ) as verdict_reason
        from with_distances
    )

select
    final.change_id as change_id,
    final.course_id as course_id,
    changes.activity_id as activity_id,
    changes.activity_type as activity_type,
    changes.module_id as module_id,
    changes.title as title,
    changes.change_kind as change_kind,
    changes.note as note,
    changes.origin as origin,
    changes.changed_at as changed_at,
    changes.before_since_at as before_since_at,
    changes.after_until_at as after_until_at,
    final.measure as measure,
    final.spot_start_seconds as spot_start_seconds,
    final.spot_end_seconds as spot_end_seconds,
    final.before_count as before_count,
    final.after_count as after_count,
    final.is_suppressed as is_suppressed,
    final.before_crude as before_crude,
    final.after_crude as after_crude,
    final.standardised_over as standardised_over,
    final.support_ratio as support_ratio,
    final.before_value as before_value,
    final.before_value_low as before_value_low,
    final.before_value_high as before_value_high,
    final.after_value as after_value,
    final.after_value_low as after_value_low,
    final.after_value_high as after_value_high,
    final.after_value - final.before_value as difference,
    {{
        difference_low(
            "final.after_value",
            "final.after_value_low",
            "final.before_value",
            "final.before_value_high",
        )
    }} as difference_low,
    {{
        difference_high(
            "final.after_value",
            "final.after_value_high",
            "final.before_value",
            "final.before_value_low",
        )
    }} as difference_high,
    final.smallest_difference as smallest_difference,
    toLowCardinality(final.verdict) as verdict,
    toLowCardinality(final.verdict_reason) as verdict_reason
from final
inner join changes using (change_id)
