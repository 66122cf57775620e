{{ config(order_by=["course_id"], tags=["weekly", "churn"]) }}

{#
    Learners who were listed and drawn to be contacted against those listed and drawn to be left alone, contacted or
    not: people choose whom they call, and those whom they reach would have stayed more often anyway. Only weeks in
    which a course contacted anybody count, and of each learner only the first of them. A course that recorded its own
    draw in a week is measured by it, and by the learners recorded in it only.
#}
with
    recorded as (
        select
            learner_id,
            course_id,
            as_of_at,
            countIf(is_contact) > 0 as is_contacted,
            countIf(not is_contact) > 0 as is_left_alone
        from {{ ref("fct_interventions") }}
        group by learner_id, course_id, as_of_at
    ),

    campaigns as (
        select
            course_id,
            as_of_at,
            countIf(is_contact) as contact_count,
            countIf(is_contact and not is_held_out) as intended_count,
            countIf(not is_contact) > 0 as has_own_draw
        from {{ ref("fct_interventions") }}
        group by course_id, as_of_at
        having if(has_own_draw, contact_count, intended_count) > 0
    ),

    outcomes as (
        select
            learner_id,
            course_id,
            as_of_at,
            recent_active_day_count,
            {{ is_held_out("learner_id", "course_id") }} as is_drawn_by_hash,
            not assumeNotNull(is_churned) as is_kept
        from {{ ref("agg_churn_training") }}
        where isNotNull(is_churned)
    ),

    segments as (
        select learner_id, as_of_at, is_disengaging
        from {{ ref("agg_learner_segments") }}
    ),

    scores as (
        select learner_id, course_id, as_of_at, toString(status) as status, band
        from {{ ref("fct_churn_scores") }}
    ),

    listed as (
        select
            outcomes.learner_id as learner_id,
            outcomes.course_id as course_id,
            outcomes.as_of_at as as_of_at,
            outcomes.is_kept as is_kept,
            recorded.is_contacted as is_contacted,
            if(
                campaigns.has_own_draw,
                recorded.is_left_alone,
                outcomes.is_drawn_by_hash
            ) as is_held_out
        from outcomes
        inner join campaigns using (course_id, as_of_at)
        left join scores using (learner_id, course_id, as_of_at)
        left join segments using (learner_id, as_of_at)
        left join recorded using (learner_id, course_id, as_of_at)
        where
            {{
                is_listed(
                    "scores.status",
                    "scores.band",
                    "segments.is_disengaging",
                    "outcomes.recent_active_day_count",
                )
            }}
            and (
                not campaigns.has_own_draw
                or recorded.is_contacted
                or recorded.is_left_alone
            )
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
