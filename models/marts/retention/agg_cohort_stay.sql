{{
    config(
        order_by=[
            "cohort_basis",
            "course_id",
            "acquisition_channel",
            "cohort_month",
            "horizon_weeks",
        ],
    )
}}

{%- set horizons = var("restricted_mean_weeks") %}

with
    weeks as (
        select
            cohort_basis,
            cohort_month,
            course_id,
            acquisition_channel,
            age_weeks,
            cohort_size,
            ifNull(at_risk_count, 0) as at_risk,
            ifNull(
                churned_count + ifNull(completed_count, 0) + unenrolled_count, 0
            ) as ended,
            ifNull(churned_count, 0) as churned,
            survival_ratio,
            ifNull(survival_ratio, 0) as survival,
            ifNull(churned_ratio, 0) as incidence,
            is_suppressed,
            arrayJoin({{ horizons }}) as horizon_weeks
        from {{ ref("agg_cohort_survival") }}
        where age_weeks < {{ horizons | max }}
    ),

    {# A week whose curve is not known is left out, and then there are too few. #}
    curves as (
        select
            cohort_basis,
            cohort_month,
            course_id,
            acquisition_channel,
            cohort_size,
            is_suppressed,
            horizon_weeks,
            arraySort(
                week -> week.age_weeks,
                groupArrayIf(
                    (age_weeks, at_risk, ended, churned, survival, incidence),
                    isNotNull(survival_ratio)
                )
            ) as known_weeks
        from weeks
        where age_weeks < horizon_weeks
        group by
            cohort_basis,
            cohort_month,
            course_id,
            acquisition_channel,
            cohort_size,
            is_suppressed,
            horizon_weeks
    ),

    columns_of_weeks as (
        select
            *,
            length(known_weeks) < horizon_weeks as is_censored,
            is_suppressed or is_censored as is_hidden,
            known_weeks.at_risk as at_risk,
            known_weeks.ended as ended,
            known_weeks.churned as churned,
            known_weeks.survival as survivals,
            known_weeks.incidence as incidences,
            arrayPushFront(arrayPopBack(survivals), 1.0) as survivals_before
        from curves
    ),

    means as (
        select
            *,
            if(is_hidden, null, {{ restricted_mean("survivals") }}) as mean_weeks,
            if(
                is_hidden,
                null,
                sqrt({{ restricted_mean_variance("survivals", "ended", "at_risk") }})
            ) as mean_error,
            if(is_hidden, null, {{ restricted_mean_lost("incidences") }}) as lost_weeks,
            if(
                is_hidden,
                null,
                sqrt(
                    greatest(
                        0,
                        {{
                            restricted_mean_lost_variance(
                                "incidences",
                                "churned",
                                "ended",
                                "at_risk",
                                "survivals_before",
                            )
                        }}
                    )
                )
            ) as lost_error
        from columns_of_weeks
    )

select
    cohort_basis,
    cohort_month,
    course_id,
    acquisition_channel,
    toUInt32(horizon_weeks) as horizon_weeks,
    cohort_size,
    mean_weeks as restricted_mean_active_weeks,
    mean_error as restricted_mean_active_weeks_standard_error,
    {{ mean_low("mean_weeks", "mean_error", 0, "horizon_weeks") }}
    as restricted_mean_active_weeks_low,
    {{ mean_high("mean_weeks", "mean_error", 0, "horizon_weeks") }}
    as restricted_mean_active_weeks_high,
    lost_weeks as weeks_lost_to_churn,
    lost_error as weeks_lost_to_churn_standard_error,
    {{ mean_low("lost_weeks", "lost_error", 0, "horizon_weeks") }}
    as weeks_lost_to_churn_low,
    {{ mean_high("lost_weeks", "lost_error", 0, "horizon_weeks") }}
    as weeks_lost_to_churn_high,
    is_suppressed,
    toBool(is_censored and not is_suppressed) as is_censored,
    toLowCardinality(
        multiIf(is_suppressed, 'suppressed', is_censored, 'censored', '')
    ) as stay_reason
from means
