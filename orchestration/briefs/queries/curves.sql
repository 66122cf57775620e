-- One row per bin of the videos asked for: the drop-off curve with its band, and what viewers do there.
select
    video_id,
    bin_start_seconds,
    bin_end_seconds,
    survival,
    survival_low,
    survival_high,
    survival_reason,
    rewatch_count,
    seek_away_count,
    is_provisional
from marts.agg_video_drop_off
where video_id in {videos:Array(String)}
order by video_id, bin_number
