{# The stream that a statement of a player belongs to: its player session, else its registration, else the only one. #}
{% macro stream_id() -%}
    multiIf(
        player_session_id != '',
        player_session_id,
        registration_id != '',
        registration_id,
        '1'
    )
{%- endmacro %}
