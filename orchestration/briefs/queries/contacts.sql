-- One row per course with learners to contact, the most of them first. No single learner is in it.
select
    list.course_id as course_id,
    any(courses.title) as course_title,
    any(list.as_of_at) as as_of_at,
    count() as listed_count,
    countIf(list.band = 'high') as high_count,
    countIf(list.rank_basis = 'segments') as by_segments_count,
    countIf(list.is_disengaging) as disengaging_count,
    countIf(list.contact_count > 0) as contacted_count,
    anyIf(list.status_reason, list.rank_basis = 'segments') as status_reason
from marts.agg_learners_to_contact as list
left join marts.dim_courses as courses on courses.course_id = list.course_id
where {course:String} = 'all' or list.course_id = {course:String}
group by list.course_id
order by high_count desc, listed_count desc, course_id
