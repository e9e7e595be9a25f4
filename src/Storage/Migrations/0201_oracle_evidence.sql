-- What devices sent to this operator and the lanes of all operators. Evidence: never rebuilt, pruned only when final.

-- Proofs that arrived here. `epoch` is the epoch of the device's own time: a function of the signed bytes, so that (epoch, id)
-- is unique exactly when id is. Two contents for one (device, sequence) both stay: that is evidence, and the cut rejects both. One partition per epoch, made by the ingest writer; a final epoch is dropped whole.
create table oracle.proofs (
    epoch bigint not null,
    id bytea not null check (octet_length(id) = 32),
    device_id bytea not null check (octet_length(device_id) = 32),
    class integer not null,
    schema integer not null,
    sequence bigint not null check (sequence >= 0),
    device_time bigint not null, -- ms since 1970, network time
    received_at bigint not null, -- ms since 1970, network time; the receipt says the same
    envelope bytea not null,
    signature bytea not null check (octet_length(signature) = 64),
    batch_index bigint, -- in the own lane; null until sealed
    primary key (id, epoch) -- id first: a device asks by id
) partition by range (epoch);
create index proofs_unsealed_idx on oracle.proofs (received_at) where batch_index is null;

-- The item-level verdict on a proof as this operator sees it on arrival: for display and for the device's resend logic. What
-- counts is computed at the cut.
create table oracle.verdicts (
    epoch bigint not null,
    proof_id bytea not null check (octet_length(proof_id) = 32),
    class integer not null,
    judgement smallint not null,
    reason integer not null,
    quality integer not null, -- ppm
    judged_at timestamptz not null default now(),
    primary key (proof_id, epoch)
) partition by range (epoch);
create index verdicts_epoch_class_judgement_reason_idx on oracle.verdicts (epoch, class, judgement, reason);

-- Makes the partitions of one epoch. Runs as the owner, so that the oracle's role needs no right to create tables.
create function oracle.ensure_epoch(wanted bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if to_regclass(format('oracle.verdicts_%s', wanted)) is not null then return; end if;
    perform pg_advisory_xact_lock(x'6f7261636c65'::bigint); -- 'oracle': two starters do not race
    execute format('create table if not exists oracle.proofs_%s partition of oracle.proofs for values from (%s) to (%s)', wanted, wanted, wanted + 1);
    execute format('create table if not exists oracle.verdicts_%s partition of oracle.verdicts for values from (%s) to (%s)', wanted, wanted, wanted + 1);
end
$$;

-- Drops the partitions of one epoch; the caller has made sure that it is final and bundled.
create function oracle.drop_epoch(unwanted bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    execute format('drop table if exists oracle.proofs_%s', unwanted);
    execute format('drop table if exists oracle.verdicts_%s', unwanted);
end
$$;

-- How far this operator holds each lane. `height` rises by one with each batch stored; below or at it there are no gaps.
create table oracle.lanes (
    operator bytea primary key check (octet_length(operator) = 20),
    height bigint not null default 0 check (height >= 0),
    digest bytea not null default '\x0000000000000000000000000000000000000000000000000000000000000000' check (octet_length(digest) = 32), -- of the batch at height; zero at 0
    certified_height bigint not null default 0 check (certified_height >= 0)
);

create table oracle.batches (
    operator bytea not null references oracle.lanes,
    index bigint not null check (index > 0),
    digest bytea not null check (octet_length(digest) = 32),
    header bytea not null,
    body bytea not null,
    count integer not null check (count > 0),
    sealed_at bigint not null, -- ms since 1970, network time, as the header says
    judged boolean not null default false, -- whether its verdicts are in oracle.verdicts
    stored_at timestamptz not null default now(),
    primary key (operator, index)
);
create index batches_unjudged_idx on oracle.batches (stored_at) where not judged;
alter table oracle.batches alter column body set storage external; -- signatures and hashes do not compress

-- One digest per (lane, index, sender): what an operator acknowledged once it can never acknowledge otherwise.
create table oracle.acknowledgements (
    operator bytea not null,
    index bigint not null,
    sender bytea not null check (octet_length(sender) = 20),
    digest bytea not null check (octet_length(digest) = 32),
    signature bytea not null check (octet_length(signature) = 64),
    primary key (operator, index, sender)
);

-- q acknowledgements of one digest by distinct operators, in the layout of an Observation's certificate.
create table oracle.certificates (
    operator bytea not null,
    index bigint not null,
    digest bytea not null check (octet_length(digest) = 32),
    signatures bytea not null, -- n x (sender address 20, signature 64), ascending by sender
    stored_at timestamptz not null default now(),
    primary key (operator, index)
);

-- A second digest that an operator signed for one index of its own lane: proof that it lies.
create table oracle.lane_conflicts (
    operator bytea not null,
    index bigint not null,
    digest bytea not null check (octet_length(digest) = 32),
    header bytea not null,
    signature bytea not null check (octet_length(signature) = 64),
    seen_at timestamptz not null default now(),
    primary key (operator, index, digest)
);
