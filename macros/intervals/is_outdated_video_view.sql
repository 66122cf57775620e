{#
    Whether something beside the view's own statements decides otherwise about a row of `fct_video_views` by now: the
    watermark about an open exit, other learners' statements about the module and about the length's conflict.
#}
{% macro is_outdated_video_view() -%}
    (
        exit_kind not in ('completed', 'skipped')
        and (exit_kind = 'open') != (
            first_pass_left_at + interval {{ var("return_horizon_days") }} day
            > assumeNotNull(
                (
                    select complete_through_at
                    from {{ ref("int_watermarks") }}
                    where source = 'all'
                )
            )
        )
        or has_length_conflict != (
            video_id in (
                select video_id
                from {{ ref("int_video_lengths") }}
                where has_length_conflict
            )
        )
        or (video_id, module_id)
        not in (select activity_id, module_id from {{ ref("dim_activities") }})
    )
{%- endmacro %}
