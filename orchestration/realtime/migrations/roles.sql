-- Who may do what, once for a database; run it as its owner after `warehouse realtime migrate`.
-- Logins are granted these roles: create role rt_worker login password '…' in role realtime_worker;

create role realtime_worker nologin;
create role realtime_platform nologin;
create role realtime_reader nologin;

grant usage on schema realtime to realtime_worker, realtime_platform, realtime_reader;

-- Worker, sweep, archiver and dispatcher. No role may change what an action is about; the sweep removes old ones.
grant select, insert on realtime.platform_actions to realtime_worker;
grant update (delivered_at, attempts, next_attempt_at, last_error) on realtime.platform_actions to realtime_worker;
grant delete on realtime.platform_actions to realtime_worker;
grant select, insert, update on realtime.learner_sessions to realtime_worker;
grant select, insert, update on realtime.consumed_offsets to realtime_worker;
grant select, insert, update on realtime.archived_ranges to realtime_worker;
grant select, insert on realtime.bridged_drops to realtime_worker;
grant select on realtime.alembic_version to realtime_worker;

-- The platform, if it reads the outbox itself: it sees actions and says that they are done.
grant select on realtime.platform_actions to realtime_platform;
grant update (delivered_at) on realtime.platform_actions to realtime_platform;

-- `warehouse realtime status`, dashboards.
grant select on all tables in schema realtime to realtime_reader;
