-- What the indexer has pruned at the job host's word (jobs.retention), so that a reader can tell "gone" from "never was".
-- Raised in the transaction that begins to delete. Leaves, lines and epochs are never pruned.
create table evidence.pruned (
    network_id bytea primary key references evidence.networks,
    verdicts_before bigint not null check (verdicts_before >= 0), -- verdicts of epochs below this are gone or going
    trees_before bigint not null check (trees_before >= 0)        -- tree chunks of epochs below this are gone or going
);
