-- One row: how far the data of all sources reach. No row or no event: nothing has been loaded.
select event_count, latest_occurred_at, complete_through_at
from marts.agg_data_watermark
where source = 'all'
