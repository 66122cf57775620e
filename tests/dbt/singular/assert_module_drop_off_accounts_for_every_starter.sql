{#
    Who is at risk at a unit drops there, is still open, or comes to a later unit, unless the course is completed:
    those at risk at a unit, and those who passed it over, are the starters less the exits before it, or fewer.
#}
with
    curves as (
        select
            course_id,
            unit_kind,
            unit_rank,
            started_count,
            at_risk_count,
            skipped_count,
            dropped_count,
            exit_count,
            sum(exit_count) over (
                partition by course_id, unit_kind
                order by unit_rank
                rows between unbounded preceding and 1 preceding
            ) as left_before_count
        from {{ ref("agg_module_drop_off") }}
    )

select course_id, unit_kind, unit_rank
from curves
where
    at_risk_count + skipped_count + left_before_count > started_count
    or exit_count > at_risk_count
    or dropped_count > exit_count
