-- What an epoch's evidence says once it has been recomputed and matched with the report on chain. Written by the public
-- indexer alone, one transaction an epoch; a row here means: recomputed, root identical.

create table evidence.networks (
    network_id bytea primary key check (octet_length(network_id) = 32),
    name text not null,
    chain text not null,                     -- CAIP-2
    manifest jsonb not null,                 -- deployment manifest: addresses, deploy block, profile
    parameters jsonb not null                -- the network's parameter document
);

create table evidence.epochs (
    network_id bytea not null references evidence.networks,
    epoch bigint not null,
    generation bigint not null,
    report_digest bytea not null check (octet_length(report_digest) = 32),
    report bytea not null check (octet_length(report) = 348),
    bundle_sha256 bytea not null check (octet_length(bundle_sha256) = 32),
    bundle_bytes bigint not null,
    period_start timestamptz not null,
    period_end timestamptz not null,
    accounts integer not null,               -- leaves of the tree
    devices integer not null,                -- devices with at least one proof in the cut
    accepted bigint not null,
    rejected bigint not null,
    inconclusive bigint not null,
    pending bigint not null,                 -- wait for a paired proof or for their epoch
    budget numeric(39, 0) not null,
    allocated numeric(39, 0) not null,
    unallocated numeric(39, 0) not null,
    imported_at timestamptz not null,
    primary key (network_id, epoch)
);

-- One row an account: the leaf as the contract hashes it.
create table evidence.leaves (
    network_id bytea not null,
    epoch bigint not null,
    index bigint not null,
    account bytea not null check (octet_length(account) = 32),
    cumulative numeric(39, 0) not null,
    prefix numeric(39, 0) not null,
    items_hash bytea not null check (octet_length(items_hash) = 32),
    primary key (network_id, epoch, index),
    foreign key (network_id, epoch) references evidence.epochs on delete cascade
);
create index leaves_account_idx on evidence.leaves (network_id, account, epoch desc);

-- The reward tree in chunks of five levels, so that a claim proof of depth d reads ceil(d / 5) rows. Chunk (tier, position)
-- holds the nodes of levels 5·tier … 5·tier + 4 (level 0 = leaves) under one ancestor: 32 nodes of the lowest level, then
-- 16, 8, 4, 2, each 32 bytes; fewer at the top, where the tree ends. position = index of the lowest level's nodes / 32.
create table evidence.tree_chunks (
    network_id bytea not null,
    epoch bigint not null,
    tier smallint not null,
    position integer not null,
    nodes bytea not null,
    primary key (network_id, epoch, tier, position),
    foreign key (network_id, epoch) references evidence.epochs on delete cascade
);
alter table evidence.tree_chunks alter column nodes set storage external;

-- Why a reward is what it is: which device, which rule, how much.
create table evidence.lines (
    network_id bytea not null,
    epoch bigint not null,
    account bytea not null check (octet_length(account) = 32),
    class integer not null,
    device_id bytea not null check (octet_length(device_id) = 32),
    rule integer not null,
    weight numeric(39, 0) not null,
    amount numeric(39, 0) not null,
    accepted bigint not null,
    rejected bigint not null,
    inconclusive bigint not null,
    primary key (network_id, epoch, account, class, device_id, rule),
    foreign key (network_id, epoch) references evidence.epochs on delete cascade
);
create index lines_device_idx on evidence.lines (network_id, device_id, epoch desc);

create table evidence.verdicts (
    network_id bytea not null,
    epoch bigint not null,
    proof_id bytea not null check (octet_length(proof_id) = 32),
    device_id bytea not null check (octet_length(device_id) = 32),
    class integer not null,
    sequence numeric(20, 0) not null,
    device_time timestamptz not null,
    judgement smallint not null check (judgement in (0, 1, 2, 3)), -- accept, reject, inconclusive, pending
    reason integer not null,                 -- 0 = none; engine reasons below 1000, class reasons above
    quality integer not null,                -- ppm
    primary key (network_id, epoch, proof_id),
    foreign key (network_id, epoch) references evidence.epochs on delete cascade
);
create index verdicts_device_idx on evidence.verdicts (network_id, device_id, epoch desc, sequence desc);
create index verdicts_proof_idx on evidence.verdicts (proof_id);
