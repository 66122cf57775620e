{# Whether a session may still go on: it ended less than the session gap before the watermark. #}
{% macro is_provisional_session() -%}
    ended_at > assumeNotNull(
        (
            select complete_through_at
            from {{ ref("int_watermarks") }}
            where source = 'all'
        )
    )
    - interval {{ var("session_gap_minutes") }} minute
{%- endmacro %}
