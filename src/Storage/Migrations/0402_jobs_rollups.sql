-- Which epochs are rolled up; an epoch without any proof has no row in epoch_classes and epoch_reasons.
create table jobs.epoch_rollups (
    network_id bytea not null check (octet_length(network_id) = 32),
    epoch bigint not null,
    rolled_at timestamptz not null default now(),
    primary key (network_id, epoch)
);
