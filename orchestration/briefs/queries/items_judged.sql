-- One row: how many questions have enough answers to be judged.
select countIf(not is_suppressed) as judged_count
from marts.agg_item_analysis
where {course:String} = 'all' or course_id = {course:String}
