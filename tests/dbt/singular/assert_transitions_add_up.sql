{#
    Every visit that leaves an activity goes to one place or ends the session: the rows of an activity hold all its
    departures. Fewer means that fct_navigation and fct_activity_visits cut the visits differently.
#}
select
    course_id,
    from_activity_id,
    departure_count,
    sum(transition_count) as row_total,
    sumIf(transition_count, is_exit) as exit_total
from {{ ref("agg_transitions") }}
group by course_id, from_activity_id, departure_count, exit_count
having row_total != departure_count or exit_total != exit_count
