-- Housekeeping. Written by the job host alone; Quartz keeps its own qrtz_ tables in the same schema.

-- One row a comparison of the mirror with contract calls at one block.
create table jobs.reconciliations (
    id bigint generated always as identity primary key,
    chain text not null,                     -- CAIP-2
    block_number bigint not null,
    compared bigint not null,
    differences jsonb not null,              -- empty array = identical
    ran_at timestamptz not null
);

-- Roll-up for maps and charts, kept when verdicts are pruned.
create table jobs.epoch_classes (
    network_id bytea not null check (octet_length(network_id) = 32),
    epoch bigint not null,
    class integer not null,
    devices bigint not null,
    accounts bigint not null,
    accepted bigint not null,
    rejected bigint not null,
    inconclusive bigint not null,
    amount numeric(39, 0) not null,
    primary key (network_id, epoch, class)
);

create table jobs.epoch_reasons (
    network_id bytea not null check (octet_length(network_id) = 32),
    epoch bigint not null,
    class integer not null,
    judgement smallint not null,
    reason integer not null,
    proofs bigint not null,
    primary key (network_id, epoch, class, judgement, reason)
);

-- A condition that somebody should look at. Open while cleared_at is null; one open row a key.
create table jobs.alarms (
    id bigint generated always as identity primary key,
    key text not null,
    severity text not null check (severity in ('warning', 'critical')),
    text text not null,
    raised_at timestamptz not null,
    last_seen_at timestamptz not null,
    cleared_at timestamptz                   -- null while the condition holds
);
create unique index alarms_open_idx on jobs.alarms (key) where cleared_at is null;

-- How far the indexer may prune: it alone writes the evidence schema, the job host decides. Both only grow.
create table jobs.retention (
    network_id bytea primary key check (octet_length(network_id) = 32),
    verdicts_before bigint not null,         -- verdicts of epochs below this may go: they are rolled up
    trees_before bigint not null             -- leaves stay; tree chunks of epochs below this may go
);
