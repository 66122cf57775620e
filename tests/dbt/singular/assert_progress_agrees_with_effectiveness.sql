{#
    The share of learners who reached and completed a unit is one number, whether it is asked every ten minutes
    (agg_module_progress) or every night (agg_content_effectiveness). Whether completion is reported at all is looked at
    source by source at night only, so that one of the two may not know it.
#}
select
    progress.course_id,
    progress.unit_id,
    progress.eligible_count,
    effectiveness.eligible_count,
    progress.reached_count,
    effectiveness.reached_count,
    progress.completed_count,
    effectiveness.completed_count
from {{ ref("agg_module_progress") }} as progress
left join
    {{ ref("agg_content_effectiveness") }} as effectiveness
    on progress.course_id = effectiveness.course_id
    and progress.unit_id = effectiveness.unit_id
    and effectiveness.period = 'all'
where
    progress.eligible_count != effectiveness.eligible_count
    or progress.reached_count != effectiveness.reached_count
    or ifNull(progress.completed_count != effectiveness.completed_count, false)
