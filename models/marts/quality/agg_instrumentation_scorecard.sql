{{ config(order_by=["source", "platform"], tags=["nightly"]) }}

{% set grades = {
    "A": var("grade_a_min"),
    "B": var("grade_b_min"),
    "C": var("grade_c_min"),
    "D": var("grade_d_min"),
} %}

with
    gaps as (
        select
            source,
            platform,
            family,
            verb,
            field,
            importance,
            expected_count,
            present_count,
            is_gap,
            breaks,
            advice
        from {{ ref("agg_instrumentation_gaps") }}
    ),

    events as (
        select
            source,
            arrayJoin([if(platform = '', 'unknown', platform), 'all']) as on_platform,
            count() as event_count,
            min(occurred_date) as first_event_date,
            max(occurred_date) as last_event_date
        from {{ ref("fct_learning_events") }}
        group by source, on_platform
    ),

    refused as (
        select source, 'all' as on_platform, count() as quarantined_count
        from {{ ref("fct_quarantined_lines") }}
        group by source
    ),

    {# A field counts once, however many verbs should carry it; in thousandths, so that sums do not depend on order. #}
    fields as (
        select
            source,
            platform,
            family,
            field,
            if(field = '', verb, '') as missing_verb,
            min(importance != 'required') = 0 as is_required,
            sum(present_count) as present_total,
            sum(expected_count) as expected_total,
            max(is_gap) as has_gap,
            intDiv(1000 * present_total, expected_total) as completeness_permille,
            if(is_required, {{ var("required_field_weight") }}, 1) as weight,
            groupUniqArrayArray(
                if(is_gap and breaks != '', splitByString('; ', breaks), [])
            ) as broken_columns,
            minIf((verb, advice), is_gap) as first_gap,
            first_gap.advice as first_advice,
            - weight * (1000 - completeness_permille) as minus_loss
        from gaps
        group by source, platform, family, field, missing_verb
    ),

    summed as (
        select
            source,
            platform,
            countIf(is_required) as required_count,
            countIf(is_required and not has_gap) as required_complete_count,
            countIf(not is_required) as recommended_count,
            countIf(not is_required and not has_gap) as recommended_complete_count,
            sum(weight * completeness_permille) as weighted_permille,
            sum(weight * 1000) as full_permille,
            minIf(completeness_permille, is_required) as worst_required_permille,
            {# By the weight of what is lost, then by name. #}
            arraySort(
                groupArrayIf(
                    (
                        minus_loss,
                        family,
                        field,
                        missing_verb,
                        completeness_permille,
                        first_advice
                    ),
                    has_gap
                )
            ) as ranked_gaps,
            arraySort(groupUniqArrayArray(broken_columns)) as broken_metrics
        from fields
        group by source, platform
    ),

    final as (
        select
            summed.source as source,
            summed.platform as platform,
            events.first_event_date as first_event_date,
            events.last_event_date as last_event_date,
            events.event_count as event_count,
            if(
                summed.platform = 'all', toNullable(refused.quarantined_count), null
            ) as quarantined_count,
            summed.required_count as required_count,
            summed.required_complete_count as required_complete_count,
            summed.recommended_count as recommended_count,
            summed.recommended_complete_count as recommended_complete_count,
            {{ ratio("summed.weighted_permille", "summed.full_permille") }}
            as completeness_score,
            toLowCardinality(
                multiIf(
                    {%- for grade, minimum in grades.items() %}
                        completeness_score >= {{ minimum }}
                        {%- if grade in ("A", "B") %}
                            and (
                                summed.required_count = 0
                                or summed.worst_required_permille >= 500
                            )
                        {%- endif %},
                        '{{ grade }}',
                    {%- endfor %}
                    'F'
                )
            ) as grade,
            arrayStringConcat(
                arrayMap(
                    gap -> concat(
                        gap.family,
                        ' ',
                        gap.field,
                        ' ',
                        toString(intDiv(gap.completeness_permille, 10)),
                        ' %'
                    ),
                    arraySlice(
                        arrayFilter(gap -> gap.field != '', summed.ranked_gaps), 1, 5
                    )
                ),
                '; '
            ) as worst_fields,
            arrayStringConcat(
                arrayFilter(verb -> verb != '', summed.ranked_gaps.missing_verb), ', '
            ) as missing_verbs,
            arrayStringConcat(summed.broken_metrics, '; ') as broken_metrics,
            summed.ranked_gaps.first_advice[1] as next_step
        from summed
        inner join
            events
            on summed.source = events.source
            and summed.platform = events.on_platform
        left join
            refused
            on summed.source = refused.source
            and summed.platform = refused.on_platform
    )

select *
from final
