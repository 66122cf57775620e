-- The verbatim lines of one kind of drop, stamped with the attempt that read them. Run for each kind (drop_kinds.py), with
-- its table for {table}; every statement may run again at any time. Partitioned by landing month, never by event date.

create table if not exists {table}
(
    load_id String comment 'attempt that read the line (UUIDv7)',
    object_id String comment 'hash of bucket, key, etag, size and last_modified of the object',
    object_key String comment 'key of the object in the lake' codec (ZSTD(1)),
    source LowCardinality(String) comment 'folder below events/, the name of the sending system',
    line_number UInt64 comment 'line in the object, from 1; place of the element, statement or row in another form',
    line String comment 'the line as it came; only the head of a rejected over-long one' codec (ZSTD(1)),
    reject LowCardinality(String) comment 'why the line cannot be a statement; empty when it may be one',
    delivered_at DateTime64(3, 'UTC') comment 'last_modified of the object',
    loaded_at DateTime64(3, 'UTC') comment 'when this attempt read it'
)
engine = MergeTree
partition by toYYYYMM(loaded_at)
order by (load_id, object_id, line_number)
settings fsync_after_insert = 1, fsync_part_directory = 1;

-- ZSTD(1): on 343 MB of statements ZSTD(3) took 30 % more CPU to write and came out 2 % larger.
alter table {table} modify column object_key codec (ZSTD(1)), modify column line codec (ZSTD(1));

-- Parts of up to half a gigabyte keep all columns in one file: fewer files to write and to sync. And sixteen are merged
-- at a time: merging each few, as by default, writes the lines again while they still arrive (5.5 s of CPU instead of
-- 4.1 for a million lines).
alter table {table} modify setting min_bytes_for_wide_part = 536870912, min_parts_to_merge_at_once = 16;
