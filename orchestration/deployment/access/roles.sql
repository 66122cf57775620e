-- Roles of a ClickHouse server for target `server`: what each duty needs, and no more. Run it as an administrator, once
-- and again after an upgrade of the warehouse; every statement may run again.
--
-- warehouse_loader       reads the lake and writes `raw` and the ledger in `ops`
-- warehouse_dbt          reads `raw` and `ops`, builds everything below
-- warehouse_janitor      deletes what is deleted: rows of loads that were never committed, learners who are to be forgotten
-- warehouse_bi           marts about content, courses and cohorts: no row is about one learner
-- warehouse_bi_learners  the marts with a row per learner, for those who talk to learners
--
-- One user does loading and building, for both are steps of the same Dagster run; people and dashboards are others.

create database if not exists raw;
create database if not exists ops;
create database if not exists seeds;
create database if not exists staging;
create database if not exists intermediate;
create database if not exists marts;

-- ── loading ────────────────────────────────────────────────────────────────────────────────────────────────────────
create role if not exists warehouse_loader;
grant create database on raw.* to warehouse_loader;
grant create database on ops.* to warehouse_loader;
grant select, insert, create table, create view, drop view, alter table on raw.* to warehouse_loader;
grant select, insert, create table, create view, drop view, alter table on ops.* to warehouse_loader;
-- The gate judges drops with staging's own models, before dbt builds them; the release shows what changed in the marts.
grant select on staging.* to warehouse_loader;
grant select on seeds.* to warehouse_loader;
grant select on marts.* to warehouse_loader;
grant read on S3 to warehouse_loader;
-- s3() is a temporary table to the engine.
grant create temporary table on *.* to warehouse_loader;

-- ── building ───────────────────────────────────────────────────────────────────────────────────────────────────────
create role if not exists warehouse_dbt;
grant select on raw.* to warehouse_dbt;
grant select, insert on ops.* to warehouse_dbt;
-- Tables are filled aside, exchanged and dropped.
grant create database, create table, create view, drop table, drop view, select, insert, alter table, truncate
    on seeds.* to warehouse_dbt;
grant create database, create table, create view, drop table, drop view, select, insert, alter table, truncate
    on staging.* to warehouse_dbt;
grant create database, create table, create view, drop table, drop view, select, insert, alter table, truncate
    on intermediate.* to warehouse_dbt;
grant create database, create table, create view, drop table, drop view, select, insert, alter table, truncate
    on marts.* to warehouse_dbt;
grant create temporary table on *.* to warehouse_dbt;

-- What both ask of the engine about itself.
grant select on system.tables to warehouse_loader, warehouse_dbt;
grant select on system.columns to warehouse_loader, warehouse_dbt;
grant select on system.databases to warehouse_loader, warehouse_dbt;
grant select on system.parts to warehouse_loader, warehouse_dbt;

-- ── deleting ───────────────────────────────────────────────────────────────────────────────────────────────────────
create role if not exists warehouse_janitor;
grant select, alter delete on raw.* to warehouse_janitor;
grant select, alter delete on ops.* to warehouse_janitor;

-- ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────────
create role if not exists warehouse_bi settings readonly = 2, max_execution_time = 300 max 300;
create role if not exists warehouse_bi_learners settings readonly = 2, max_execution_time = 300 max 300;
-- What they may read is in readers.sql, which is made from the marts' columns.

-- ── users ──────────────────────────────────────────────────────────────────────────────────────────────────────────
-- Passwords stay out of this file and out of logs: create the users with a client that asks for them, for instance
--   create user warehouse identified with sha256_password by '…' host ip '10.0.0.0/8';
--   create user bi_reader identified with sha256_password by '…';
-- and then:
--   grant warehouse_loader, warehouse_dbt, warehouse_janitor to warehouse;
--   grant warehouse_bi to bi_reader;
