{#
    Each step of the ladder is taken by some of those who took the step before. A completion without engagement or a
    learner who reaches a unit without being eligible would give shares above 1.
#}
select course_id, unit_id, period
from {{ ref("agg_content_effectiveness") }}
where
    reached_count > eligible_count
    or engaged_count > reached_count
    or completed_count > engaged_count
    or completed_assessed_count > completed_count
    or completed_assessed_count > assessed_count
    or open_count > reached_count - completed_count
