-- Who signed in to the dashboard, and for how long it holds. Only a proven operator adds a row.
create table jobs.sign_ins (
    nonce text primary key,                  -- each is used once
    token_hash bytea not null unique check (octet_length(token_hash) = 32), -- SHA-256 of what the browser keeps; the token itself is nowhere
    address bytea not null check (octet_length(address) = 20),
    signed_in_at timestamptz not null,
    until_at timestamptz not null,
    ended_at timestamptz                     -- signed out before its time
);
create index sign_ins_until_idx on jobs.sign_ins (until_at);

-- What makes a nonce one of ours, the same for all job hosts. Read by the job host's role alone (Roles.sql).
create table jobs.sign_in_keys (
    id boolean primary key default true check (id),
    key bytea not null check (octet_length(key) = 32)
);
