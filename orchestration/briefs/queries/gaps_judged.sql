-- One row: how many questions have answers, and for how many any unit before them could be judged.
select
    uniqExact(item_id) as item_count,
    uniqExactIf(item_id, verdict != 'not_comparable') as judged_count
from marts.agg_instructional_gaps
where {course:String} = 'all' or course_id = {course:String}
