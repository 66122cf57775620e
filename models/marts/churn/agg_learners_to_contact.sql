{{
    config(
        order_by=["course_id", "contact_rank", "learner_id"],
        tags=["weekly", "churn"],
        query_settings={"join_use_nulls": 1},
    )
}}

{# Without published scores the list stands on what is plain to see: silence, and the segment `disengaging`. #}
with
    present as (
        select
            learner_id,
            course_id,
            as_of_at,
            last_activity_at,
            days_since_last_activity,
            recent_active_day_count
        from {{ ref("agg_churn_training") }}
        where
            as_of_at = (select max(as_of_at) from {{ ref("agg_churn_training") }})
            and label_reason in ('', 'censored')
    ),

    scores as (
        select
            learner_id,
            course_id,
            as_of_at,
            toString(status) as status,
            status_reason,
            score,
            toString(band) as band,
            top_reasons
        from {{ ref("fct_churn_scores") }}
    ),

    segments as (
        select learner_id, is_disengaging, segment_reason
        from {{ ref("agg_learner_segments") }}
        order by learner_id, week desc
        limit 1 by learner_id
    ),

    contacts as (
        select
            learner_id,
            course_id,
            count() as contact_count,
            max(contacted_at) as last_contacted_at,
            toString(argMax(kind, (contacted_at, kind))) as last_contact_kind
        from {{ ref("fct_interventions") }}
        where is_contact
        group by learner_id, course_id
    ),

    effects as (
        select course_id, kept_of_leaving_ratio
        from {{ ref("agg_intervention_uplift") }}
        where isNotNull(kept_of_leaving_ratio)
    ),

    joined as (
        select
            present.learner_id as learner_id,
            present.course_id as course_id,
            present.as_of_at as as_of_at,
            present.last_activity_at as last_activity_at,
            present.days_since_last_activity as days_since_last_activity,
            present.recent_active_day_count as recent_active_day_count,
            ifNull(scores.status, 'not_published') as status,
            ifNull(
                scores.status_reason, 'no model has scored this week'
            ) as status_reason,
            scores.score as score,
            ifNull(scores.band, 'not_published') as band,
            ifNull(scores.top_reasons, '') as top_reasons,
            ifNull(segments.is_disengaging, false) as is_disengaging,
            ifNull(segments.segment_reason, '') as segment_reason,
            ifNull(contacts.contact_count, 0) as contact_count,
            contacts.last_contacted_at as last_contacted_at,
            ifNull(contacts.last_contact_kind, '') as last_contact_kind,
            scores.score * ifNull(
                effects.kept_of_leaving_ratio, {{ var("contact_assumed_uplift") }}
            ) as expected_kept
        from present
        left join
            scores
            on present.learner_id = scores.learner_id
            and present.course_id = scores.course_id
            and present.as_of_at = scores.as_of_at
        left join segments on present.learner_id = segments.learner_id
        left join
            contacts
            on present.learner_id = contacts.learner_id
            and present.course_id = contacts.course_id
        left join effects on present.course_id = effects.course_id
    ),

    final as (
        select
            *,
            row_number() over (
                partition by course_id
                order by
                    ifNull(expected_kept, 0) desc,
                    is_disengaging desc,
                    days_since_last_activity desc,
                    learner_id
            ) as place
        from joined
        where
            not {{ is_held_out("learner_id", "course_id") }}
            and {{
                is_listed(
                    "status", "band", "is_disengaging", "recent_active_day_count"
                )
            }}
    )

select
    learner_id,
    course_id,
    as_of_at,
    toUInt64(place) as contact_rank,
    toLowCardinality(if(status = 'published', 'score', 'segments')) as rank_basis,
    status_reason,
    score,
    toLowCardinality(band) as band,
    expected_kept,
    top_reasons,
    toBool(is_disengaging) as is_disengaging,
    segment_reason,
    last_activity_at,
    days_since_last_activity,
    toUInt64(contact_count) as contact_count,
    last_contacted_at,
    last_contact_kind
from final
