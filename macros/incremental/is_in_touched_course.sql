{#
    Condition of an aggregate by course: the row is of a course that this run recounts; in a whole build, of any. The
    model `replaces` the rows of the same courses.
#}
{% macro is_in_touched_course() -%}
    {%- set touched_courses = ref("int_touched_courses") -%}
    {%- if is_touched_build() -%}
        course_id in (select course_id from {{ touched_courses }})
    {%- else -%} {{ is_in_sample("course_id") }}
    {%- endif -%}
{%- endmacro %}
