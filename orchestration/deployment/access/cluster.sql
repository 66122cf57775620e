-- Databases of target `cluster`, once, as an administrator, on any replica. Each replica needs the macros {cluster},
-- {shard} and {replica}, and Keeper; one shard. What is said in such a database is done on every replica, so that
-- neither the loader nor dbt names the cluster, and tables are ReplicatedMergeTree without arguments.
-- roles.sql and readers.sql follow: `on cluster` there too, or users kept in Keeper (user_directories: replicated).
-- The loader's user needs one right more, to wait for what other replicas have acknowledged.

create database if not exists raw on cluster '{cluster}' engine = Replicated('/clickhouse/databases/raw', '{shard}', '{replica}');
create database if not exists ops on cluster '{cluster}' engine = Replicated('/clickhouse/databases/ops', '{shard}', '{replica}');
create database if not exists seeds on cluster '{cluster}' engine = Replicated('/clickhouse/databases/seeds', '{shard}', '{replica}');
create database if not exists staging on cluster '{cluster}' engine = Replicated('/clickhouse/databases/staging', '{shard}', '{replica}');
create database if not exists intermediate on cluster '{cluster}' engine = Replicated('/clickhouse/databases/intermediate', '{shard}', '{replica}');
create database if not exists marts on cluster '{cluster}' engine = Replicated('/clickhouse/databases/marts', '{shard}', '{replica}');

create role if not exists warehouse_loader on cluster '{cluster}';
grant on cluster '{cluster}' system sync replica on raw.* to warehouse_loader;
grant on cluster '{cluster}' system sync replica on ops.* to warehouse_loader;
