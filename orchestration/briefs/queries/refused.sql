-- One row per source and reason: the lines that were refused and count nowhere.
select source, reason, min(detail) as detail, count() as line_count, max(delivered_at) as last_delivered_at
from marts.fct_quarantined_lines
where kind = 'events'
group by source, reason
order by line_count desc, source, reason
