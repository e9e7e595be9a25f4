-- Who signed in to the API's operator pages: the only thing that the API writes, by a role of its own (Roles.sql), so that whoever may read as the API does can neither forge a sign-in nor read what makes a nonce one.
create schema api;

create table api.sign_ins (
    nonce text primary key,                  -- each is used once
    token_hash bytea not null unique check (octet_length(token_hash) = 32), -- SHA-256 of what the browser keeps; the token itself is nowhere
    address bytea not null check (octet_length(address) = 20),
    signed_in_at timestamptz not null,
    until_at timestamptz not null,
    ended_at timestamptz                     -- signed out before its time
);
create index sign_ins_until_idx on api.sign_ins (until_at);

-- What makes a nonce one of ours, the same for all API hosts.
create table api.sign_in_keys (
    id boolean primary key default true check (id),
    key bytea not null check (octet_length(key) = 32)
);
