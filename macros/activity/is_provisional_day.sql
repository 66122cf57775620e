{# Whether statements of a day may still come: it is not over at the watermark. #}
{% macro is_provisional_day() -%}
    addDays(toDateTime64(activity_date, 3, 'UTC'), 1) > assumeNotNull(
        (
            select complete_through_at
            from {{ ref("agg_data_watermark") }}
            where source = 'all'
        )
    )
{%- endmacro %}
