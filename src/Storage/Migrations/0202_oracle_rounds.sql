-- Agreement, signing and landing on chain.

-- The durable log of each instance, in order: own messages, locks, views, decisions. It makes the round's machine again after a restart, and
-- a record stands here before anybody gets the message in it.
create table oracle.round_records (
    config_digest bytea not null check (octet_length(config_digest) = 32),
    epoch bigint not null,
    generation bigint not null,
    position bigint generated always as identity,
    kind smallint not null, -- of the record: 1 own message, 2 lock, 3 view entered, 4 decision, 5 sat out
    view bigint, -- own messages only
    message_kind smallint, -- own messages only
    record bytea not null,
    stored_at timestamptz not null default now(),
    primary key (config_digest, epoch, generation, position)
);
-- One observation, proposal, prepare, commit and attestation per view: a second one fails here whatever the code above believes.
create unique index round_records_own_idx on oracle.round_records (config_digest, epoch, generation, view, message_kind)
    where kind = 1 and message_kind between 1 and 5;

-- Two different messages of one peer for one slot: proof of equivocation in the round.
create table oracle.round_conflicts (
    config_digest bytea not null check (octet_length(config_digest) = 32),
    epoch bigint not null,
    generation bigint not null,
    sender smallint not null,
    first_id bytea not null check (octet_length(first_id) = 32),
    second_id bytea not null check (octet_length(second_id) = 32),
    first_message bytea not null, -- with signature, as in transport
    second_message bytea not null,
    seen_at timestamptz not null default now(),
    primary key (config_digest, epoch, generation, first_id, second_id)
);

-- What this operator's report key signed. Unique per (key, config, epoch, generation): the row is the licence to sign.
create table oracle.signed_reports (
    report_key bytea not null check (octet_length(report_key) = 20),
    config_digest bytea not null check (octet_length(config_digest) = 32),
    epoch bigint not null,
    generation bigint not null,
    digest bytea not null check (octet_length(digest) = 32),
    signature bytea check (octet_length(signature) = 64), -- null between the row and the signature
    signed_at timestamptz not null default now(),
    primary key (report_key, config_digest, epoch, generation)
);

-- Reports that this operator computed for a decided value, with the state that follows from each.
create table oracle.reports (
    digest bytea primary key check (octet_length(digest) = 32),
    config_digest bytea not null check (octet_length(config_digest) = 32),
    epoch bigint not null,
    generation bigint not null,
    report bytea not null check (octet_length(report) = 348),
    cut bytea not null,
    manifest bytea not null,
    state bytea not null, -- the network state after the epoch, canonical
    status text not null default 'decided' check (status in ('decided', 'attested', 'accepted', 'final', 'cancelled')),
    decided_at timestamptz not null default now()
);
create index reports_epoch_generation_idx on oracle.reports (epoch, generation);

create table oracle.attestations (
    digest bytea not null check (octet_length(digest) = 32),
    signer bytea not null check (octet_length(signer) = 20),
    config_digest bytea not null check (octet_length(config_digest) = 32),
    epoch bigint not null,
    generation bigint not null,
    signature bytea not null check (octet_length(signature) = 64),
    seen_at timestamptz not null default now(),
    primary key (digest, signer)
);
create index attestations_epoch_generation_signer_idx on oracle.attestations (epoch, generation, signer);

-- Transactions of this operator: the row, with the signed bytes, stands before the first broadcast.
create table oracle.transmissions (
    id bigint generated always as identity primary key,
    purpose text not null check (purpose in ('attest', 'finalize', 'tree_fault', 'equivocation', 'challenge')),
    epoch bigint not null,
    generation bigint not null,
    subject bytea not null check (octet_length(subject) = 32), -- report digest, or the faulty or second digest
    transaction_id text not null unique,
    raw bytea not null,
    nonce bigint not null,
    status text not null default 'prepared' check (status in ('prepared', 'sent', 'included', 'finalized', 'reverted', 'expired')),
    detail text, -- the decoded revert, or why it expired; null otherwise
    prepared_at timestamptz not null default now(),
    changed_at timestamptz not null default now()
);
create index transmissions_open_idx on oracle.transmissions (id) where status in ('prepared', 'sent', 'included');

-- The evidence bundle of an accepted report, in pieces so that no request holds it whole.
create table oracle.bundles (
    digest bytea primary key check (octet_length(digest) = 32), -- of the report
    epoch bigint not null,
    generation bigint not null,
    content bytea not null check (octet_length(content) = 32), -- SHA-256 of the whole
    length bigint not null check (length > 0),
    final boolean not null default false,
    written_at timestamptz not null default now()
);
create index bundles_epoch_idx on oracle.bundles (epoch, generation);

create table oracle.bundle_pieces (
    digest bytea not null references oracle.bundles on delete cascade,
    piece integer not null check (piece >= 0),
    bytes bytea not null,
    primary key (digest, piece)
);
alter table oracle.bundle_pieces alter column bytes set storage external;
