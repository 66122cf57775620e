-- Databases `raw` (verbatim lines; its tables are made by lines.sql) and `ops` (the ledger).
-- Every statement may run again at any time. The ledger has no partition key and no TTL, so that one commit is one part.

create database if not exists raw;
create database if not exists ops;

create table if not exists ops.load_plan
(
    load_id String,
    object_id String,
    kind LowCardinality(String) comment 'the first folder of the key; see drop_kinds.py',
    source LowCardinality(String),
    bucket String,
    object_key String,
    etag String,
    size_bytes UInt64,
    last_modified DateTime64(3, 'UTC'),
    planned_at DateTime64(3, 'UTC')
)
engine = MergeTree
order by (load_id, object_id);

create table if not exists ops.load_commits
(
    load_id String,
    object_id String,
    kind LowCardinality(String),
    source LowCardinality(String),
    bucket String,
    object_key String,
    etag String,
    size_bytes UInt64 comment 'bytes of the object as stored',
    last_modified DateTime64(3, 'UTC'),
    line_count UInt64,
    rejected_count UInt64,
    line_bytes UInt64 comment 'bytes of all lines after decompression',
    checksum UInt64 comment 'sum over lines of a hash of line number and line',
    committed_at DateTime64(3, 'UTC'),
    form LowCardinality(String) default 'lines' comment 'how the object was read: lines, document, answers or parquet',
    has_more Bool default false comment 'answers: the last one names a next page, which the sender must deliver as well'
)
engine = MergeTree
order by (object_id, committed_at, load_id)
-- 512: object ids are hashes, so that each one asked for costs a whole granule; 100 of a million took 57 ms at 8192.
settings index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1,
    lightweight_mutation_projection_mode = 'rebuild';

-- The gate asks by load: without it every load reads the load_id of the whole ledger (38 ms at a million rows, not 10).
alter table ops.load_commits modify setting lightweight_mutation_projection_mode = 'rebuild';
alter table ops.load_commits add projection if not exists by_load
(
    select load_id, object_id, kind, object_key, line_count, committed_at
    order by load_id, object_id
);
-- Which keys of a folder have several versions: 22 ms at a million rows, 157 ms without.
alter table ops.load_commits add projection if not exists by_key
(
    select object_key, object_id, load_id, bucket
    order by object_key
);

alter table ops.load_commits add column if not exists
    form LowCardinality(String) default 'lines' comment 'how the object was read: lines, document, answers or parquet';
alter table ops.load_commits add column if not exists
    has_more Bool default false comment 'answers: the last one names a next page, which the sender must deliver as well';

create table if not exists ops.load_gates
(
    load_id String,
    object_id String,
    -- release: held, and published by a person; superseded: held, and a later version of its key is published.
    verdict LowCardinality(String) comment 'pass, quarantine (with warnings), block (held), release or superseded',
    reason String comment 'expectations that failed, with what was found and expected; empty on pass',
    judged_at DateTime64(3, 'UTC')
)
engine = MergeTree
order by (load_id, object_id, judged_at)
settings fsync_after_insert = 1, fsync_part_directory = 1;

-- Why the gate held an object: one row per expectation that failed, with the first lines at fault.
create table if not exists ops.gate_faults
(
    load_id String,
    object_id String,
    expectation LowCardinality(String) comment 'as Great Expectations calls it',
    fact LowCardinality(String) comment 'what was counted, such as late_count, or the reason for which lines are refused',
    meaning String comment 'the fact in words',
    found_count Int64,
    expected String comment 'what was expected of the count',
    line_numbers Array(UInt64) comment 'the first five lines at fault; empty where no line is by itself',
    judged_at DateTime64(3, 'UTC')
)
engine = MergeTree
order by (load_id, object_id, judged_at);

-- What the gate judges: one row per object of a load, counted once from the raw lines. A count that has no meaning for
-- the kind is 0. Lines that staging refuses are in refused_counts only, those that the load rejected among them; fields
-- are counted over all lines that the load did not reject.
create table if not exists ops.object_profiles
(
    load_id String,
    object_id String,
    line_count UInt64,
    rejected_count UInt64 comment 'lines that the load rejected',
    implausible_timestamp_count UInt64 comment 'events: accepted, and dated before 2000',
    profiled_at DateTime64(3, 'UTC')
)
engine = MergeTree
order by (load_id, object_id, profiled_at);

alter table ops.object_profiles
    add column if not exists duplicate_count UInt64
        comment 'events: accepted lines with the statement id (without one: the content) of an earlier line of the object',
    add column if not exists late_count UInt64
        comment 'events: delivered over gate_late_hours after they happened; history before a first delivery is not late',
    add column if not exists missing_verbs Array(String) comment 'events: verbs that the source must send and did not',
    add column if not exists applicable_counts Map(String, UInt64)
        comment 'events: by family and field, the events that should carry the field',
    add column if not exists missing_counts Map(String, UInt64) comment 'events: of these, the ones that do not',
    add column if not exists refused_counts Map(String, UInt64)
        comment 'by reason, the lines that staging refuses; empty in profiles of earlier versions';

-- The gate counted these by rules of its own, before it asked staging.
alter table ops.object_profiles
    drop column if exists missing_actor_count,
    drop column if exists missing_verb_count,
    drop column if exists missing_object_count,
    drop column if exists missing_timestamp_count,
    drop column if exists missing_activity_count,
    drop column if exists future_count;

-- What the suites on the published data found at fault; the row `checked` closes one look at all of them.
create table if not exists ops.alerts
(
    checked_at DateTime64(3, 'UTC') comment 'when the look began: all its rows have the same',
    alert LowCardinality(String) comment 'name of the asset check or data test; checked and tested close a look',
    source LowCardinality(String),
    detail String comment 'what was found and what was expected; of `checked` and `tested` the number of expectations',
    row_count UInt64 comment 'rows of the mart at fault'
)
engine = MergeTree
order by (checked_at, alert, source);

create table if not exists ops.object_failures
(
    object_id String,
    load_id String,
    kind LowCardinality(String),
    source LowCardinality(String),
    bucket String,
    object_key String,
    etag String,
    size_bytes UInt64,
    last_modified DateTime64(3, 'UTC'),
    code String comment 'short cause: unsafe_key, unreadable, changed_while_read …',
    message String,
    is_permanent Bool comment 'true: parked at once; false: parked after three tries',
    failed_at DateTime64(3, 'UTC'),
    tries UInt32 default 1 comment 'failures in a row; 0: a person decided that the object is tried again',
    next_retry_at Nullable(DateTime64(3, 'UTC')) comment 'not before then; empty: never by itself (permanent)'
)
engine = MergeTree
order by (object_id, failed_at)
settings fsync_after_insert = 1, fsync_part_directory = 1;

-- Listed below a watched prefix, and no drop by its name. One row per version of a key.
create table if not exists ops.ignored_objects
(
    object_id String comment 'hash of bucket, key, etag, size and last_modified, as of a drop',
    bucket String,
    object_key String,
    etag String,
    size_bytes UInt64,
    last_modified DateTime64(3, 'UTC'),
    reason LowCardinality(String) comment 'folder marker, working file of another tool, foreign file ending …',
    seen_at DateTime64(3, 'UTC')
)
engine = ReplacingMergeTree
order by object_id;

alter table ops.object_failures
    add column if not exists tries UInt32 default 1
        comment 'failures in a row; 0: a person decided that the object is tried again',
    add column if not exists next_retry_at Nullable(DateTime64(3, 'UTC'))
        comment 'not before then; empty: never by itself (permanent)';

-- A revoked commit counts no more, for ever. Its object is due again if the lake lists it and no other commit stands.
-- lost: another attempt at the object counts; overwritten: the lake lists another version of the key; replayed: a person
-- had the object loaded again; damaged: raw differs from the ledger; erased: its lines named a person who is forgotten, and
-- expired: it was delivered longer ago than lines are kept.
create table if not exists ops.load_revocations
(
    load_id String,
    object_id String,
    cause LowCardinality(String) comment 'lost, overwritten, replayed, damaged, erased or expired',
    reason String comment 'for a person: what was found, or why it was asked for',
    revoked_at DateTime64(3, 'UTC')
)
engine = MergeTree
order by (load_id, object_id)
settings fsync_after_insert = 1, fsync_part_directory = 1;

-- Before there was a cause, the reason was its one word.
alter table ops.load_revocations add column if not exists cause LowCardinality(String) default reason after object_id;

-- What the nightly comparison found; the row `checked` closes one comparison, its detail has the counts as JSON.
create table if not exists ops.reconcile_findings
(
    checked_at DateTime64(3, 'UTC') comment 'when the comparison began: all its rows have the same',
    finding LowCardinality(String) comment 'damaged, missing_in_lake, never_seen or checked',
    object_key String,
    object_id String,
    load_id String,
    detail String
)
engine = MergeTree
order by (checked_at, finding, object_key);

create table if not exists ops.builds
(
    build_id String,
    job LowCardinality(String) comment 'near_real_time, nightly …',
    status LowCardinality(String) comment 'success, tests_failed (all models are published) or failure',
    fingerprint String comment 'hash of the live objects and of the model code: equal means nothing to build',
    detail String,
    started_at DateTime64(3, 'UTC'),
    finished_at DateTime64(3, 'UTC')
)
engine = MergeTree
order by (finished_at, build_id);

-- What the data tests of a scheduled build ask, as dbt renders them (macros/data_tests); one row for each test. Kept for
-- a week, for a person who wants all rows that a test found.
create table if not exists ops.test_queries
(
    invocation_id String comment 'of the dbt run that built the models',
    test String comment 'unique id of the test in dbt',
    relation String comment 'what fault_count aggregates; empty: fault_count stands by itself',
    fault_count String comment 'SQL expression: how many rows are at fault',
    faulty_rows String comment 'SQL query: the rows at fault',
    asked_at DateTime('UTC') default now()
)
engine = MergeTree
order by (asked_at, invocation_id, test)
ttl asked_at + interval 7 day;

-- How to build a sample of units of a table afresh and to compare it with the table, as dbt renders it
-- (macros/incremental/write_sampled_rebuilds.sql); one row for each table of a scheduled build. Kept for a week.
create table if not exists ops.sampled_rebuilds
(
    invocation_id String comment 'of the dbt run that built the models',
    model String comment 'unique id of the model in dbt',
    relation String comment 'the table',
    unit String comment 'column of the units of the sample',
    sample String comment 'SQL query: the condition for the sample of the day, for {sample} in the others',
    statements Array(String) comment 'SQL statements that build the sample in a table of its own; the first removes it',
    differences String comment 'SQL query: units and rows compared, and those that differ',
    written_at DateTime64(3, 'UTC') default now64(3)
)
engine = MergeTree
order by (written_at, invocation_id, model)
ttl toDateTime(written_at) + interval 7 day;

create table if not exists ops.keys
(
    name String comment 'learner_id_key; erasure_key; tables: hash of the statements in this file',
    value String,
    set_at DateTime64(3, 'UTC')
)
engine = ReplacingMergeTree(set_at)
order by name;

-- The commits that were not revoked: one definition for all who ask. Queries for a few loads or objects name only their
-- revocations instead, because a set of all of them would be made for each.
create or replace view ops.standing_commits as
select *
from ops.load_commits
where (load_id, object_id) not in (select load_id, object_id from ops.load_revocations);

-- The last verdict on an object of a load counts. A release is a person's and is final: a gate that began to judge
-- before it, and writes after it, overturns nothing.
create or replace view ops.current_verdicts as
select load_id, object_id, verdict, reason, judged_at
from ops.load_gates
order by load_id, object_id, verdict = 'release' desc, judged_at desc, verdict
limit 1 by load_id, object_id;

-- The refused lines of each object that has any, by reason: those that the load rejected and those that staging refuses.
-- Profiles without any are left out first, for nearly all are.
create or replace view ops.object_refusals as
select
    load_id,
    object_id,
    argMax(refused_counts, profiled_at) as refused_by_reason,
    arraySum(mapValues(refused_by_reason)) as refused_count
from ops.object_profiles
where notEmpty(refused_counts)
group by load_id, object_id;

-- The commit of an object that counts: the first that the gate let through, or, while none was, the first. The others
-- are losers of a race, or attempts of a replay that wait for their verdict. Written as "all but the others", and those
-- sought only among objects with several commits: every other shape sorts the whole ledger.
create or replace view ops.first_commits as
select load_id, object_id, kind, source, bucket, object_key, etag, size_bytes, last_modified, line_count,
    rejected_count, line_bytes, checksum, committed_at
from ops.standing_commits
where (load_id, object_id) not in (
        select load_id, object_id
        from ops.standing_commits
        where object_id in (select object_id from ops.load_commits group by object_id having count() > 1)
        group by load_id, object_id
        order by
            object_id,
            (load_id, object_id) in (
                select load_id, object_id
                from ops.current_verdicts
                where verdict in ('pass', 'quarantine', 'release')
                    and object_id in (select object_id from ops.load_commits group by object_id having count() > 1)
            ) desc,
            min(committed_at),
            load_id
        limit 1, 18446744073709551614 by object_id
    )
limit 1 by object_id;

-- What readers see. Of each object the first commit that the gate let through and that is not revoked, so that a second
-- commit, not judged yet, hides nothing; of each key the newest such object. The pairs are compared by their hash of
-- 128 bits: a set of a million pairs of strings takes three times as long.
create or replace view ops.live_objects as
select load_id, object_id, kind, source, bucket, object_key, etag, size_bytes, last_modified, line_count,
    rejected_count, line_bytes, checksum, committed_at
from (
    select load_id, object_id, kind, source, bucket, object_key, etag, size_bytes, last_modified, line_count,
        rejected_count, line_bytes, checksum, committed_at
    from ops.standing_commits
    where sipHash128(load_id, object_id) in (
            select sipHash128(load_id, object_id) from ops.current_verdicts
            where verdict in ('pass', 'quarantine', 'release')
        )
    order by object_id, committed_at, load_id
    limit 1 by object_id
)
order by bucket, object_key, last_modified desc, committed_at desc, object_id
limit 1 by bucket, object_key;

-- Objects given up on, for ever (a cause that cannot pass) or until next_retry_at. An overwritten object is another one.
create or replace view ops.parked_objects as
select object_id, kind, source, bucket, object_key, etag, size_bytes, last_modified, code, message, is_permanent,
    tries, failed_at, next_retry_at
from (
    select object_id, kind, source, bucket, object_key, etag, size_bytes, last_modified, code, message, is_permanent,
        tries, failed_at, next_retry_at
    from ops.object_failures
    order by object_id, failed_at desc, tries desc
    limit 1 by object_id
)
where (is_permanent or (tries >= 3 and next_retry_at > now64(3)))
    and object_id not in (select object_id from ops.standing_commits);

-- Training runs of the churn model. The newest run of a Monday counts; all of them stay, as a record of what was said.
create table if not exists ops.churn_runs
(
    model_version String comment 'hash of the training set, the limits and the library: equal means the same model',
    trained_at DateTime64(3, 'UTC'),
    as_of_at Nullable(DateTime64(3, 'UTC')) comment 'Monday that was scored; empty when there was nothing to train on',
    tested_since_at Nullable(DateTime64(3, 'UTC')) comment 'first Monday of the weeks that judged the model',
    status LowCardinality(String) comment 'published or not_published',
    reason String comment 'why nothing is published; empty when it is',
    model LowCardinality(String) comment 'boosting or logistic; empty when none was fitted',
    labelled_count UInt64,
    training_count UInt64,
    test_count UInt64,
    scored_count UInt64
)
engine = MergeTree
order by (trained_at, model_version);

create table if not exists ops.churn_figures
(
    model_version String,
    trained_at DateTime64(3, 'UTC'),
    as_of_at Nullable(DateTime64(3, 'UTC')),
    scope_kind LowCardinality(String) comment 'all, course, channel or cohorts',
    scope String,
    model LowCardinality(String) comment 'boosting, logistic or baseline; empty for counts',
    measure LowCardinality(String),
    value Float64,
    value_low Nullable(Float64),
    value_high Nullable(Float64)
)
engine = MergeTree
order by (trained_at, model_version, scope_kind, scope, model, measure);

create table if not exists ops.churn_scores
(
    model_version String,
    trained_at DateTime64(3, 'UTC'),
    as_of_at DateTime64(3, 'UTC'),
    learner_id String,
    course_id String,
    score Nullable(Float64),
    status LowCardinality(String),
    reason String,
    top_reasons Array(String)
)
engine = MergeTree
order by (as_of_at, course_id, learner_id, trained_at);

-- Contacts with learners, as `warehouse churn record` takes them from a CSV file. The same contact twice is one.
create table if not exists ops.interventions
(
    learner_id String,
    course_id String,
    contacted_at DateTime64(3, 'UTC'),
    kind LowCardinality(String) comment 'mail, call, message …'
)
engine = ReplacingMergeTree
order by (course_id, learner_id, contacted_at, kind);

-- Who is forgotten, as keyed hashes (`erasure_key` of ops.keys): lines that name them are refused as `erased`, and their
-- text is not kept. The bucket is twelve bits of an unkeyed hash: it says nothing of a person, and spares most lines the
-- keyed one.
create table if not exists ops.erased_identities
(
    identity_hash String comment 'HMAC-SHA256 of the identity, 128 bits as hex',
    bucket UInt16,
    request_id String,
    erased_at DateTime64(3, 'UTC')
)
engine = ReplacingMergeTree(erased_at)
order by (identity_hash, request_id)
settings fsync_after_insert = 1, fsync_part_directory = 1;

-- The steps of each erasure that are done. `requested` opens one and `receipt` closes it. A rotation of the key of
-- pseudonyms has its steps here too, under an id that begins with `rotation-`.
create table if not exists ops.erasure_steps
(
    request_id String,
    step LowCardinality(String) comment 'requested, lake, build, tables, files or receipt; of a rotation: see erasure/rotation.py',
    done_by String comment 'who ran the command',
    detail String comment 'counts as JSON, the receipt itself at the end; never an identifier',
    done_at DateTime64(3, 'UTC')
)
engine = MergeTree
order by (request_id, done_at)
settings fsync_after_insert = 1, fsync_part_directory = 1;

-- What an erasure did to each object of the lake that named the person.
create table if not exists ops.erasure_objects
(
    request_id String,
    bucket String,
    object_key String,
    old_version String comment 'object_id of the version that had the lines',
    new_version String comment 'object_id of the version without them; empty when the lake forbade writing',
    outcome LowCardinality(String) comment 'rewritten, or left: a person must rewrite it',
    line_count UInt64 comment 'lines that went, or must go',
    detail String,
    done_at DateTime64(3, 'UTC')
)
engine = MergeTree
order by (request_id, object_key, done_at);
