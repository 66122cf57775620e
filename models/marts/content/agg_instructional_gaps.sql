{{
    config(
        order_by=["course_id", "item_id", "unit_id"],
        tags=["nightly"],
    )
}}

with
    items as (
        select item_id, course_id, module_id, assessment_id, title
        from {{ ref("dim_items") }}
    ),

    {# What a unit teaches does not depend on the course: it is named as the first of its courses names it. #}
    units as (
        select unit_id, activity_type, title
        from {{ ref("dim_units") }}
        order by unit_id, course_id
        limit 1 by unit_id
    ),

    item_units as (
        select item_id, unit_id, basis, distance from {{ ref("dim_item_units") }}
    ),

    answers as (
        select
            learner_id,
            item_id,
            answered_at,
            ifNull(is_correct, false) as is_right,
            ability_quintile
        from {{ ref("fct_first_answers") }}
        where not is_excluded and isNotNull(is_correct)
    ),

    coverage as (
        select learner_id, unit_id, is_measured, reached_at, covered_at, 1 as is_known
        from {{ ref("fct_unit_coverage") }}
    ),

    judged_pairs as (
        select
            item_units.item_id as item_id,
            item_units.unit_id as unit_id,
            answers.ability_quintile as ability_quintile,
            answers.is_right as is_right,
            coverage.is_known = 1
            and ifNull(coverage.covered_at <= answers.answered_at, false) as is_covered,
            {# CommandContext for a moment, and no source measured what was read: neither covered nor not. #}
            coverage.is_known = 1
            and not coverage.is_measured
            and coverage.reached_at <= answers.answered_at
            and not is_covered as is_unclear
        from answers
        inner join item_units on answers.item_id = item_units.item_id
        left join
            coverage
            on answers.learner_id = coverage.learner_id
            and item_units.unit_id = coverage.unit_id
    ),

    {# Quintile 0: learners who answered too little else to be ranked. They count, but are compared with no other learner. #}
    strata_counts as (
        select
            item_id,
            unit_id,
            ifNull(ability_quintile, 0) as quintile,
            countIf(is_covered and is_right) as covered_right,
            countIf(is_covered) as covered,
            countIf(not is_covered and not is_unclear and is_right) as uncovered_right,
            countIf(not is_covered and not is_unclear) as uncovered,
            countIf(is_unclear) as unclear
        from judged_pairs
        group by item_id, unit_id, quintile
    ),

    pair_counts as (
        select
            item_id,
            unit_id,
            sum(covered) as covered_count,
            sum(covered_right) as covered_correct_count,
            sum(uncovered) as uncovered_count,
            sum(uncovered_right) as uncovered_correct_count,
            sum(unclear) as unclear_count,
            arraySort(
                groupArrayIf(
                    (covered_right, covered, uncovered_right, uncovered), quintile > 0
                )
            ) as strata
        from strata_counts
        group by item_id, unit_id
    ),

    compared as (
        select
            items.course_id as course_id,
            items.module_id as module_id,
            items.assessment_id as assessment_id,
            item_units.item_id as item_id,
            items.title as item_title,
            item_units.unit_id as unit_id,
            units.title as unit_title,
            units.activity_type as unit_type,
            item_units.basis as basis,
            item_units.distance as distance,
            pair_counts.covered_count as covered_count,
            pair_counts.covered_correct_count as covered_correct_count,
            pair_counts.uncovered_count as uncovered_count,
            pair_counts.uncovered_correct_count as uncovered_correct_count,
            pair_counts.unclear_count as unclear_count,
            covered_count + uncovered_count + unclear_count as examinee_count,
            pair_counts.strata as strata,
            {{ mantel_haenszel_size("pair_counts.strata") }} as compared_count
        from item_units
        inner join items using (item_id)
        inner join units using (unit_id)
        left join pair_counts using (item_id, unit_id)
    ),

    measured as (
        select
            *,
            multiIf(
                {{ is_suppressed("examinee_count") }},
                'suppressed',
                covered_count < {{ var("minimum_gap_learners") }},
                'few_covered',
                uncovered_count < {{ var("minimum_gap_learners") }},
                'few_uncovered',
                compared_count < {{ var("minimum_support_ratio") }} * examinee_count,
                'low_support',
                ''
            ) as reason,
            if(
                reason = '', {{ mantel_haenszel_difference("strata") }}, null
            ) as difference,
            if(reason = '', {{ mantel_haenszel_variance("strata") }}, null) as variance,
            if(reason = '', {{ mantel_haenszel_low("strata") }}, null) as low,
            if(reason = '', {{ mantel_haenszel_high("strata") }}, null) as high,
            {{ wilson_low("uncovered_correct_count", "uncovered_count") }}
            >= {{ var("prior_knowledge_ratio") }} as is_known_before,
            {{ wilson_high("covered_count + unclear_count", "examinee_count") }}
            < {{ var("skipped_unit_ratio") }} as is_skipped_by_most
        from compared
    ),

    judged as (
        select
            *,
            multiIf(
                reason = 'suppressed',
                'not_comparable',
                ifNull(low > 0, false) and not ifNull(is_skipped_by_most, false),
                'teaches',
                not ifNull(low > 0, false) and ifNull(is_known_before, false),
                'prior_knowledge',
                ifNull(high < {{ var("minimum_teaching_effect") }}, false)
                and not ifNull(low > 0, false),
                'does_not_teach',
                ifNull(is_skipped_by_most, false),
                'skipped',
                'not_comparable'
            ) as pair_verdict
        from measured
    ),

    final as (
        select
            *,
            countIf(pair_verdict = 'teaches') over (
                partition by item_id
            ) as teaching_unit_count,
            countIf(pair_verdict not in ('does_not_teach', 'skipped')) over (
                partition by item_id
            ) as unaccused_unit_count
        from judged
    )

select
    course_id,
    module_id,
    assessment_id,
    item_id,
    item_title,
    unit_id,
    unit_title,
    unit_type,
    basis,
    distance,
    examinee_count,
    covered_count,
    covered_correct_count,
    uncovered_count,
    uncovered_correct_count,
    unclear_count,
    toBool(reason = 'suppressed') as is_suppressed,
    {{ ratio_with_interval("covered_ratio", "covered_count", "examinee_count") }},
    {{
        ratio_with_interval(
            "covered_correct_ratio", "covered_correct_count", "covered_count"
        )
    }},
    {{
        ratio_with_interval(
            "uncovered_correct_ratio", "uncovered_correct_count", "uncovered_count"
        )
    }},
    covered_correct_ratio - uncovered_correct_ratio as crude_difference,
    compared_count,
    {{
        suppressed(
            ratio("compared_count", "covered_count + uncovered_count"),
            "examinee_count",
        )
    }} as support_ratio,
    toLowCardinality(reason) as comparable_reason,
    difference as risk_difference,
    low as risk_difference_low,
    high as risk_difference_high,
    variance as risk_difference_variance,
    toLowCardinality(pair_verdict) as verdict,
    toLowCardinality(
        multiIf(
            pair_verdict != 'not_comparable', '', reason != '', reason, 'inconclusive'
        )
    ) as verdict_reason,
    toUInt64(teaching_unit_count) as teaching_unit_count,
    {# Without the catalogue's word any unit before may teach the item, so all must fail; habit proves nothing. #}
    toBool(
        pair_verdict in ('does_not_teach', 'skipped')
        and teaching_unit_count = 0
        and (
            basis = 'taught_by'
            or basis = 'published_order'
            and unaccused_unit_count = 0
        )
    ) as is_gap
from final
