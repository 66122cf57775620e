-- The outbox, the sessions, the offsets that are done, the ranges that are archived, the drops that were bridged.
create table realtime.platform_actions (
    action_id text primary key,
    kind text not null check (kind in ('unlock', 'remediate', 'pause')),
    learner text not null,
    actor jsonb not null,
    course_id text not null,
    activity_id text not null,
    statement_id text not null,
    registration text not null,
    occurred_at timestamptz not null,
    details jsonb not null default '{}',
    created_at timestamptz not null default clock_timestamp(),
    suppressed_because text not null default '',
    delivered_at timestamptz,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default clock_timestamp(),
    last_error text not null default ''
);
comment on table realtime.platform_actions is
    'Outbox: one row for each action that the platform shall do. A reader does it once for each action_id.';
comment on column realtime.platform_actions.suppressed_because is
    'Why the action is on record and never sent: late, for help that comes after the maximum age. Else empty.';
create index platform_actions_due on realtime.platform_actions (next_attempt_at)
    where delivered_at is null and suppressed_because = '';
create index platform_actions_delivered on realtime.platform_actions (delivered_at) where delivered_at is not null;
create index platform_actions_created on realtime.platform_actions (created_at);
create function realtime.notify_of_actions() returns trigger language plpgsql as $$
begin
    perform pg_notify('platform_actions', '');
    return null;
end $$;
create trigger notify_of_actions after insert on realtime.platform_actions
    for each statement execute function realtime.notify_of_actions();

create table realtime.learner_sessions (
    learner text not null,
    registration text not null,
    actor jsonb not null,
    course_id text not null,
    activity_id text not null,
    position_seconds double precision,
    statement_id text not null,
    last_event_at timestamptz not null,
    pause_at timestamptz,
    status text not null check (status in ('active', 'ended', 'stale', 'paused')),
    primary key (learner, registration)
) with (fillfactor = 80);
comment on table realtime.learner_sessions is
    'One row per learner and registration: the last thing done, and when silence pauses the session.';
comment on column realtime.learner_sessions.status is
    'active; ended by the learner; stale: already silent when its last statement came; paused by the sweep.';
create index learner_sessions_due on realtime.learner_sessions (pause_at) where status = 'active';

create table realtime.consumed_offsets (
    topic text not null,
    topic_id text not null,
    partition integer not null,
    next_offset bigint not null,
    consumed_count bigint not null default 0,
    refused_count bigint not null default 0,
    last_event_at timestamptz,
    updated_at timestamptz not null default clock_timestamp(),
    primary key (topic_id, partition)
) with (fillfactor = 50);
comment on table realtime.consumed_offsets is
    'Fence: offsets below next_offset are done, and skipped when they come again. By topic id: a topic that was '
    'deleted and created again starts at 0.';

create table realtime.archived_ranges (
    topic text not null,
    topic_id text not null,
    partition integer not null,
    start_offset bigint not null,
    end_offset bigint not null,
    archived_on date not null,
    planned_at timestamptz not null default clock_timestamp(),
    archived_at timestamptz,
    line_count bigint,
    objects jsonb not null default '{}',
    primary key (topic_id, partition, start_offset),
    check (end_offset > start_offset)
);
comment on table realtime.archived_ranges is
    'One row per range of offsets that is one delivery to the lake. Planned first, then written: after a crash the '
    'same range gives the same keys with the same bytes.';

create table realtime.bridged_drops (
    object_key text not null,
    etag text not null,
    line_count bigint not null,
    bridged_at timestamptz not null default clock_timestamp(),
    primary key (object_key, etag)
);
comment on table realtime.bridged_drops is 'One row per drop of the lake whose statements were sent to the topic.';
