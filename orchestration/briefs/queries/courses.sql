-- One row per course that has learners or a catalogue.
select course_id, title
from marts.dim_courses
order by title, course_id
