-- One row per drop that the gate holds or that cannot be read, the newest first.
select source, object_key, status, reason, line_count, delivered_at
from marts.fct_drops
where status in ('held', 'failed')
order by delivered_at desc, object_key
