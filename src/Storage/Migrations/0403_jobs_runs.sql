-- One row a run of a job, from its beginning. Quartz's own history begins when a run ends, and says nothing of one whose host was killed.
create table jobs.runs (
    id bigint generated always as identity primary key,
    job text not null,
    trigger text not null,
    fire_instance text not null unique,      -- Quartz's name of the run; stands in qrtz_fired_triggers while it runs
    node text not null,
    attempt integer not null,                -- 0, then 1 for the first automatic retry, …
    scheduled_at timestamptz,
    started_at timestamptz not null,
    ended_at timestamptz,
    outcome text not null check (outcome in ('running', 'succeeded', 'failed', 'cancelled', 'lost')), -- lost: its host ended without saying how it went
    retrying boolean not null default false, -- failed, and another attempt is scheduled
    recovering boolean not null,             -- runs again what a lost host had begun
    recovered_by bigint references jobs.runs on delete set null, -- of a lost run: the run that did its work
    asked_by bytea check (octet_length(asked_by) = 20), -- null: the schedule
    retry_of bigint references jobs.runs on delete set null, -- the failed run that somebody asked to run again
    error text check (length(error) <= 4000),
    check ((outcome = 'running') = (ended_at is null))
);
create index runs_job_idx on jobs.runs (job, id desc);
create index runs_running_idx on jobs.runs (id) where outcome = 'running';
create index runs_not_succeeded_idx on jobs.runs (id desc) where outcome in ('failed', 'cancelled', 'lost');
create index runs_retry_of_idx on jobs.runs (retry_of) where retry_of is not null;
create index runs_recovered_by_idx on jobs.runs (recovered_by) where recovered_by is not null;
