{{
    config(
        order_by=[
            "cohort_basis",
            "course_id",
            "acquisition_channel",
            "cohort_month",
            "age_weeks",
        ],
    )
}}

{%- set causes = ["churned", "completed", "unenrolled"] %}

with
    learners as (
        select learner_id from {{ ref("dim_learners") }} where not is_excluded
    ),

    outcomes as (
        select
            cohort_basis,
            course_id,
            acquisition_channel,
            cohort_month,
            outcome,
            weeks_to_end,
            followed_weeks
        from {{ ref("fct_learner_outcomes") }}
        where learner_id in (select learner_id from learners)
    ),

    course_reports as (
        select
            arrayJoin(['all', course_id]) as scope,
            max(completion_report != '') as is_reported
        from {{ ref("dim_course_runs") }}
        group by scope
    ),

    {#
        Only complete weeks count: an ending in the week in which following stops is not seen, nor is staying in it. The
        end of the course is no ending of the learner: following stops.
    #}
    members as (
        select
            cohort_basis,
            course_id,
            arrayJoin(['all', toString(acquisition_channel)]) as channel,
            arrayJoin(['all', toString(cohort_month)]) as cohort,
            outcome != 'course_ended'
            and ifNull(weeks_to_end < followed_weeks, false) as is_end_seen,
            if(is_end_seen, assumeNotNull(weeks_to_end), followed_weeks) as exit_weeks,
            if(is_end_seen, toString(outcome), '') as cause,
            followed_weeks
        from outcomes
    ),

    curves as (
        select
            cohort_basis,
            course_id,
            channel,
            cohort,
            count() as cohort_size,
            arrayJoin(range(greatest(1, max(followed_weeks)))) as age
        from members
        group by cohort_basis, course_id, channel, cohort
    ),

    exits as (
        select
            cohort_basis,
            course_id,
            channel,
            cohort,
            exit_weeks,
            {% for cause in causes -%}
                countIf(cause = '{{ cause }}') as {{ cause }}_exits,
            {% endfor -%}
            countIf(cause = '') as censored_exits
        from members
        group by cohort_basis, course_id, channel, cohort, exit_weeks
    ),

    weeks as (
        select
            curves.cohort_basis as cohort_basis,
            curves.course_id as course_id,
            curves.channel as channel,
            curves.cohort as cohort,
            curves.age as age,
            curves.cohort_size as cohort_size,
            {% for cause in causes -%}
                exits.{{ cause }}_exits as {{ cause }}_exits,
            {% endfor -%}
            churned_exits + completed_exits + unenrolled_exits as all_exits,
            exits.censored_exits as censored_exits
        from curves
        left join
            exits
            on curves.cohort_basis = exits.cohort_basis
            and curves.course_id = exits.course_id
            and curves.channel = exits.channel
            and curves.cohort = exits.cohort
            and curves.age = exits.exit_weeks
    ),

    at_risk as (
        select
            *,
            toInt64(cohort_size)
            - sum(all_exits) over so_far
            - sum(censored_exits) over so_far
            + all_exits as at_risk
        from weeks
        window
            so_far as (
                partition by cohort_basis, course_id, channel, cohort
                order by age
                rows between unbounded preceding and current row
            )
    ),

    staying as (
        select
            *,
            {{ running_survival("all_exits", "at_risk", "so_far") }} as survival,
            {{ running_survival("all_exits", "at_risk", "before") }} as survival_before,
            sum({{ greenwood_term("all_exits", "at_risk") }}) over so_far
            as greenwood_sum,
            min(at_risk) over so_far as least_at_risk
        from at_risk
        window
            so_far as (
                partition by cohort_basis, course_id, channel, cohort
                order by age
                rows between unbounded preceding and current row
            ),
            before as (
                partition by cohort_basis, course_id, channel, cohort
                order by age
                rows between unbounded preceding and 1 preceding
            )
    ),

    incidences as (
        select
            *,
            {% for cause in causes -%}
                {{
                    aalen_johansen_incidence(
                        cause ~ "_exits",
                        "all_exits",
                        "at_risk",
                        "survival",
                        "survival_before",
                        "so_far",
                    )
                }} as {{ cause }}_incidence,
            {% endfor -%}
            minIf(at_risk, at_risk > 0) over so_far as smallest_group
        from staying
        window
            so_far as (
                partition by cohort_basis, course_id, channel, cohort
                order by age
                rows between unbounded preceding and current row
            )
    ),

    variances as (
        select
            *,
            {% for cause in causes -%}
                {{
                    aalen_johansen_variance(
                        cause ~ "_incidence",
                        cause ~ "_exits",
                        "all_exits",
                        "at_risk",
                        "survival_before",
                        "so_far",
                    )
                }} as {{ cause }}_variance,
            {% endfor -%}
            {{ is_suppressed("cohort_size") }} as is_suppressed,
            {# No learner is left to look at, although some may still be there: the curve ends. #}
            least_at_risk = 0 and survival > 0 as is_censored
        from incidences
        window
            so_far as (
                partition by cohort_basis, course_id, channel, cohort
                order by age
                rows between unbounded preceding and current row
            )
    ),

    {# Where no source says that courses are completed, that no learner has is not known. #}
    shown as (
        select
            variances.*,
            is_suppressed or is_censored as is_hidden,
            ifNull(course_reports.is_reported, 0) as is_completion_reported,
            if(is_hidden, null, survival) as shown_survival,
            if(is_hidden, null, churned_incidence) as shown_churned,
            if(
                is_hidden or not is_completion_reported, null, completed_incidence
            ) as shown_completed,
            if(is_hidden, null, unenrolled_incidence) as shown_unenrolled
        from variances
        left join course_reports on variances.course_id = course_reports.scope
    ),

    final as (
        select
            cohort_basis,
            cohort,
            course_id,
            channel,
            age,
            cohort_size,
            if(is_suppressed, null, toUInt64(at_risk)) as at_risk_count,
            if(is_suppressed, null, churned_exits) as churned_count,
            if(
                is_suppressed or not is_completion_reported, null, completed_exits
            ) as completed_count,
            if(is_suppressed, null, unenrolled_exits) as unenrolled_count,
            if(is_suppressed, null, censored_exits) as censored_count,
            {{ ratio_with_interval("churn_ratio", "churned_exits", "at_risk") }},
            shown_survival as survival_ratio,
            {{ greenwood_low("shown_survival", "greenwood_sum") }}
            as survival_ratio_low,
            {{ greenwood_high("shown_survival", "greenwood_sum") }}
            as survival_ratio_high,
            {% for cause in causes -%}
                shown_{{ cause }} as {{ cause }}_ratio,
                if(
                    isNull(shown_{{ cause }}), null, sqrt({{ cause }}_variance)
                ) as {{ cause }}_standard_error,
                {{
                    aalen_johansen_low(
                        "shown_" ~ cause, cause ~ "_variance", "smallest_group"
                    )
                }} as {{ cause }}_ratio_low,
                {{
                    aalen_johansen_high(
                        "shown_" ~ cause, cause ~ "_variance", "smallest_group"
                    )
                }} as {{ cause }}_ratio_high,
            {% endfor -%}
            is_suppressed,
            is_censored,
            multiIf(
                is_suppressed, 'suppressed', is_censored, 'censored', ''
            ) as survival_reason,
            if(
                survival_reason = '' and not is_completion_reported,
                'not_reported',
                survival_reason
            ) as completed_reason
        from shown
    )

select
    cohort_basis,
    cohort as cohort_month,
    course_id,
    toLowCardinality(channel) as acquisition_channel,
    toUInt32(age) as age_weeks,
    cohort_size,
    at_risk_count,
    churned_count,
    completed_count,
    unenrolled_count,
    censored_count,
    churn_ratio,
    churn_ratio_low,
    churn_ratio_high,
    survival_ratio,
    survival_ratio_low,
    survival_ratio_high,
    {% for cause in causes -%}
        {{ cause }}_ratio,
        {{ cause }}_ratio_low,
        {{ cause }}_ratio_high,
        {{ cause }}_standard_error,
    {% endfor -%}
    toBool(is_suppressed) as is_suppressed,
    toBool(is_censored) as is_censored,
    toLowCardinality(survival_reason) as survival_reason,
    toLowCardinality(completed_reason) as completed_reason
from final
