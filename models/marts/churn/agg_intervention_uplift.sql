{{ config(engine="MergeTree()", order_by=["course_id"], tags=["weekly", "churn"]) }}

{#
    Learners who were listed and drawn to be contacted against those listed and drawn to be left alone, contacted or
    not: people choose whom they call, and those whom they reach would have stayed more often anyway. Only weeks in
    which a course contacted anybody count, and of each learner only the first of them.
#}
with
    campaigns as (
        select distinct course_id, as_of_at
        from {{ ref("fct_interventions") }}
        where not is_held_out
    ),

    contacts as (
        select distinct learner_id, course_id, as_of_at, true as is_contacted
        from {{ ref("fct_interventions") }}
    ),

    outcomes as (
        select learner_id, course_id, as_of_at, not assumeNotNull(is_churned) as is_kept
        from {{ ref("agg_churn_training") }}
        where isNotNull(is_churned)
    ),

    listed as (
        select
            scores.learner_id as learner_id,
            scores.course_id as course_id,
            scores.as_of_at as as_of_at,
            scores.is_held_out as is_held_out,
            outcomes.is_kept as is_kept,
            contacts.is_contacted as is_contacted
        from {{ ref("fct_churn_scores") }} as scores
        inner join
            outcomes
            on scores.learner_id = outcomes.learner_id
            and scores.course_id = outcomes.course_id
            and scores.as_of_at = outcomes.as_of_at
        left join
            contacts
            on scores.learner_id = contacts.learner_id
            and scores.course_id = contacts.course_id
            and scores.as_of_at = contacts.as_of_at
        where
            scores.band in ('high', 'medium')
            and (scores.course_id, scores.as_of_at)
            in (select course_id, as_of_at from campaigns)
        order by learner_id, course_id, as_of_at
        limit 1 by learner_id, course_id
    ),

    counted as (
        select
            arrayJoin(['all', course_id]) as scope,
            uniqExact(as_of_at) as campaign_week_count,
            countIf(not is_held_out) as listed_count,
            countIf(not is_held_out and is_contacted) as contacted_count,
            countIf(not is_held_out and is_kept) as listed_kept_count,
            countIf(is_held_out) as held_out_count,
            countIf(is_held_out and is_contacted) as held_out_contacted_count,
            countIf(is_held_out and is_kept) as held_out_kept_count
        from listed
        group by scope
    ),

    measured as (
        select
            *,
            {{ is_suppressed("least(listed_count, held_out_count)") }} as is_suppressed,
            {{ ratio("listed_kept_count", "listed_count") }} as listed_ratio,
            {{ wilson_low("listed_kept_count", "listed_count") }} as listed_low,
            {{ wilson_high("listed_kept_count", "listed_count") }} as listed_high,
            {{ ratio("held_out_kept_count", "held_out_count") }} as held_out_ratio,
            {{ wilson_low("held_out_kept_count", "held_out_count") }} as held_out_low,
            {{ wilson_high("held_out_kept_count", "held_out_count") }} as held_out_high
        from counted
    ),

    {# The interval of a difference from those of its parts: Newcombe (1998), method 10. #}
    final as (
        select
            *,
            listed_ratio - held_out_ratio as difference,
            difference - sqrt(
                pow(listed_ratio - listed_low, 2)
                + pow(held_out_high - held_out_ratio, 2)
            ) as difference_low,
            difference + sqrt(
                pow(listed_high - listed_ratio, 2)
                + pow(held_out_ratio - held_out_low, 2)
            ) as difference_high
        from measured
    )

select
    scope as course_id,
    campaign_week_count,
    listed_count,
    contacted_count,
    held_out_count,
    held_out_contacted_count,
    if(is_suppressed, null, listed_kept_count) as listed_kept_count,
    if(is_suppressed, null, held_out_kept_count) as held_out_kept_count,
    if(is_suppressed, null, listed_ratio) as listed_kept_ratio,
    if(is_suppressed, null, held_out_ratio) as held_out_kept_ratio,
    if(is_suppressed, null, difference) as uplift_ratio,
    if(is_suppressed, null, difference_low) as uplift_ratio_low,
    if(is_suppressed, null, difference_high) as uplift_ratio_high,
    if(
        is_suppressed or difference_low <= 0,
        null,
        least(1, {{ ratio("difference", "1 - held_out_ratio") }})
    ) as kept_of_leaving_ratio,
    toBool(is_suppressed) as is_suppressed
from final
