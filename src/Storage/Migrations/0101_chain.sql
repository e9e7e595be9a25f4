-- The mirror: raw logs, and current state derived from nothing but them. Every row carries the chain and the block that made it.
-- Tables called *_versions keep history: a version is in force for the blocks [valid_from, valid_to), the one in force now has the
-- largest bigint as valid_to. The view without the suffix shows the versions in force now, with block_number = valid_from.
-- As of block n: valid_from <= n and valid_to > n. No foreign keys between mirrored rows: they would cost more than the load itself.

create table chain.chains (
    chain_id smallint primary key,
    caip2 text not null unique,                     -- "eip155:31337"
    network_id bytea not null check (octet_length(network_id) = 32),
    first_block bigint not null check (first_block > 0),   -- of the deployment
    breaker_window bigint not null                  -- seconds in which the distributor's breaker drains its capacity
);

create table chain.contracts (
    chain_id smallint not null references chain.chains,
    contract smallint not null,                     -- number in chain.logs
    name text not null,
    address bytea not null check (octet_length(address) = 20),
    primary key (chain_id, contract),
    unique (chain_id, address)
);

-- How far the mirror is. Written in the transaction that writes the rows.
create table chain.checkpoints (
    chain_id smallint primary key references chain.chains,
    block_number bigint not null,                   -- first_block - 1 before anything was read
    block_hash bytea not null check (octet_length(block_hash) = 32),
    finalized_number bigint not null,               -- as the source says; -1 before it said anything
    finalized_hash bytea not null check (octet_length(finalized_hash) = 32),
    halted text                                     -- why the follower stopped for good; null while it may run
);

create table chain.blocks (
    chain_id smallint not null,
    block_number bigint not null,
    block_hash bytea not null check (octet_length(block_hash) = 32),
    parent_hash bytea not null check (octet_length(parent_hash) = 32),
    block_time timestamptz not null,
    log_count integer not null,                     -- of the network's contracts
    primary key (chain_id, block_number)
);
create index blocks_block_time_idx on chain.blocks (chain_id, block_time);

create table chain.logs (
    chain_id smallint not null,
    block_number bigint not null,
    log_index integer not null,                     -- in the block
    transaction_index integer not null,
    transaction_hash bytea not null check (octet_length(transaction_hash) = 32),
    contract smallint not null,                     -- chain.contracts
    event smallint not null,                        -- chain.events; 0 = not one of ours
    topics bytea not null check (octet_length(topics) % 32 = 0 and octet_length(topics) <= 128),
    data bytea not null,
    primary key (chain_id, block_number, log_index)
);

create table chain.events (
    event smallint primary key,
    contract text not null,
    name text not null,
    signature text not null,
    topic bytea not null check (octet_length(topic) = 32)
);

-- Token ---------------------------------------------------------------------------------------------------------------
-- Balances change with every transfer, so they hold no versions: a rollback subtracts the transfers of the dropped blocks again.
create table chain.holders (
    chain_id smallint not null,
    account bytea not null check (octet_length(account) = 20),
    balance numeric(78,0) not null,
    transfers bigint not null,                      -- that touched the account
    primary key (chain_id, account)
);

create table chain.tokens (
    chain_id smallint primary key,
    minted numeric(78,0) not null,                  -- ever
    burned numeric(78,0) not null,                  -- ever
    transfers bigint not null
);

create table chain.emission_epochs (
    chain_id smallint not null,
    epoch bigint not null,
    rewards numeric(78,0) not null,
    sinks numeric(78,0) not null,
    unallocated numeric(78,0) not null,
    block_number bigint not null,
    primary key (chain_id, epoch)
);
create index emission_epochs_block_number_idx on chain.emission_epochs (chain_id, block_number);

create table chain.split_versions (
    chain_id smallint not null,
    first_epoch bigint not null,
    accounts bytea not null check (octet_length(accounts) % 20 = 0),   -- the sinks one after another
    bps integer[] not null,                                           -- their shares in 1/10,000
    log_index integer not null,                     -- of the schedule: in force in an epoch is the latest schedule that starts at or before it
    valid_from bigint not null,
    valid_to bigint not null,
    primary key (chain_id, first_epoch, valid_from)
);

-- Devices -------------------------------------------------------------------------------------------------------------
create table chain.maker_versions (
    chain_id smallint not null,
    maker_id bigint not null,
    account bytea not null check (octet_length(account) = 20),
    quota bigint not null,
    active boolean not null,
    valid_from bigint not null,
    valid_to bigint not null,
    primary key (chain_id, maker_id, valid_from)
);

create table chain.model_versions (
    chain_id smallint not null,
    model_id bigint not null,
    maker_id bigint not null,
    class integer not null,
    capabilities bigint not null,
    cadence bigint not null,                        -- seconds; 0 = irregular
    metadata bytea not null check (octet_length(metadata) = 32),
    valid_from bigint not null,
    valid_to bigint not null,
    primary key (chain_id, model_id, valid_from)
);

create table chain.batch_versions (
    chain_id smallint not null,
    batch_id bigint not null,
    maker_id bigint not null,
    root bytea not null check (octet_length(root) = 32),
    device_count bigint not null,
    uri text not null,
    revoked boolean not null,
    valid_from bigint not null,
    valid_to bigint not null,
    primary key (chain_id, batch_id, valid_from)
);

create table chain.device_versions (
    chain_id smallint not null,
    token_id bigint not null,
    device_id bytea not null check (octet_length(device_id) = 32),     -- of the key in force
    owner bytea not null check (octet_length(owner) = 20),
    model_id bigint not null,
    batch_id bigint not null,                       -- 0 = approved by the maker's signature
    key_type smallint not null,
    public_key bytea not null,
    cell numeric(20,0) not null,                    -- H3; 0 = unknown
    metadata bytea not null check (octet_length(metadata) = 32),
    status text not null check (status in ('active', 'suspended', 'retired')),
    registered_at bigint not null,                  -- unix seconds of the registering block
    next_device_id bytea check (octet_length(next_device_id) = 32),    -- null: no key change waits
    next_key_type smallint,
    next_public_key bytea,
    next_ready_at bigint,                           -- unix seconds
    valid_from bigint not null,
    valid_to bigint not null,
    primary key (chain_id, token_id, valid_from)
);
create index device_versions_device_id_idx on chain.device_versions (chain_id, device_id);
create index device_versions_owner_idx on chain.device_versions (chain_id, owner) where valid_to = 9223372036854775807;

create table chain.payout_account_versions (
    chain_id smallint not null,
    account bytea not null check (octet_length(account) = 20),
    payout_index bigint not null,
    recipient bytea not null check (octet_length(recipient) = 20),     -- the account itself unless it chose another
    next_recipient bytea check (octet_length(next_recipient) = 20),    -- null: no change waits
    next_ready_at bigint,
    valid_from bigint not null,
    valid_to bigint not null,
    primary key (chain_id, account, valid_from)
);
create index payout_account_versions_payout_index_idx on chain.payout_account_versions (chain_id, payout_index);

-- Stake ---------------------------------------------------------------------------------------------------------------
create table chain.pool_versions (
    chain_id smallint not null,
    provider bytea not null check (octet_length(provider) = 20),
    tokens numeric(78,0) not null,
    shares numeric(78,0) not null,
    thawing_tokens numeric(78,0) not null,
    thawing_shares numeric(78,0) not null,
    self_shares numeric(78,0) not null,
    generation bigint not null,
    valid_from bigint not null,
    valid_to bigint not null,
    primary key (chain_id, provider, valid_from)
);

create table chain.stake_versions (
    chain_id smallint not null,
    provider bytea not null check (octet_length(provider) = 20),
    staker bytea not null check (octet_length(staker) = 20),
    shares numeric(78,0) not null,
    generation bigint not null,                     -- worth nothing once the pool's is higher
    valid_from bigint not null,
    valid_to bigint not null,
    primary key (chain_id, provider, staker, valid_from)
);
create index stake_versions_staker_idx on chain.stake_versions (chain_id, staker) where valid_to = 9223372036854775807;

create table chain.thaw_versions (
    chain_id smallint not null,
    provider bytea not null check (octet_length(provider) = 20),
    staker bytea not null check (octet_length(staker) = 20),
    thaw_id bigint not null,
    shares numeric(78,0) not null,
    ready_at bigint not null,                       -- unix seconds
    generation bigint not null,
    status text not null check (status in ('thawing', 'cancelled', 'withdrawn')),
    paid numeric(78,0) not null,                    -- tokens that came back; 0 while thawing
    valid_from bigint not null,
    valid_to bigint not null,
    primary key (chain_id, provider, staker, thaw_id, valid_from)
);

-- Operators -----------------------------------------------------------------------------------------------------------
create table chain.operator_versions (
    chain_id smallint not null,
    report_key bytea not null check (octet_length(report_key) = 20),
    account bytea not null check (octet_length(account) = 20),
    protocol_key bytea not null check (octet_length(protocol_key) = 32),
    bond numeric(78,0) not null,
    endpoint text not null,
    exit_at bigint not null,                        -- unix seconds; 0 = none asked
    slashed boolean not null,
    valid_from bigint not null,
    valid_to bigint not null,
    primary key (chain_id, report_key, valid_from)
);

create table chain.config_versions (
    chain_id smallint not null,
    config_count bigint not null,
    first_epoch bigint not null,
    digest bytea not null check (octet_length(digest) = 32),
    n smallint not null,
    q smallint not null,
    parameters_hash bytea not null check (octet_length(parameters_hash) = 32),
    rules_hash bytea not null check (octet_length(rules_hash) = 32),
    report_keys bytea not null check (octet_length(report_keys) = 20 * n),      -- ascending, one after another
    protocol_keys bytea not null check (octet_length(protocol_keys) = 32 * n),
    valid_from bigint not null,
    valid_to bigint not null,
    primary key (chain_id, config_count, valid_from)
);

-- Reports and rewards -------------------------------------------------------------------------------------------------
create table chain.report_versions (
    chain_id smallint not null,
    digest bytea not null check (octet_length(digest) = 32),
    epoch bigint not null,
    generation bigint not null,
    report bytea not null check (octet_length(report) = 348),
    signers bigint not null,                        -- bit i = signer i of the config
    claimable_at bigint not null,                   -- unix seconds: end of the challenge window
    status text not null check (status in ('pending', 'challenged', 'final', 'cancelled')),
    challenger bytea check (octet_length(challenger) = 20),            -- null: not challenged
    challenge_bond numeric(78,0),
    challenge_evidence bytea check (octet_length(challenge_evidence) = 32),
    challenge_bond_returned boolean,                -- null: not settled; false: the report stood and the bond was burned
    cancel_reason smallint,                         -- null: not cancelled; 1 arbiter, 2 tree fault
    accepted_block bigint not null,
    accepted_transaction bytea not null check (octet_length(accepted_transaction) = 32),
    valid_from bigint not null,
    valid_to bigint not null,
    primary key (chain_id, digest, valid_from)
);
create index report_versions_epoch_idx on chain.report_versions (chain_id, epoch, generation);

create table chain.root_versions (
    chain_id smallint not null,
    epoch bigint not null,
    root bytea not null check (octet_length(root) = 32),
    leaf_count bigint not null,
    cumulative_total numeric(78,0) not null,
    valid_from bigint not null,
    valid_to bigint not null,
    primary key (chain_id, epoch, valid_from)
);

create table chain.breaker_versions (
    chain_id smallint not null,
    breaker smallint not null,                      -- 0: the distributor's
    used numeric(78,0) not null,                    -- level of the bucket at used_at; it drains by capacity a window
    capacity numeric(78,0) not null,
    used_at bigint not null,                        -- unix seconds
    valid_from bigint not null,
    valid_to bigint not null,
    primary key (chain_id, breaker, valid_from)
);

create table chain.claims (
    chain_id smallint not null,
    block_number bigint not null,
    log_index integer not null,
    account bytea not null check (octet_length(account) = 20),
    payout_index bigint not null,
    recipient bytea not null check (octet_length(recipient) = 20),
    amount numeric(78,0) not null,
    claimed numeric(78,0) not null,                 -- all that the account ever claimed, this included
    root bytea not null check (octet_length(root) = 32),
    fee_to bytea not null check (octet_length(fee_to) = 20),           -- zero: no fee
    fee numeric(78,0) not null,                     -- part of the amount, to whom sent the claim
    primary key (chain_id, block_number, log_index)
);
create index claims_account_idx on chain.claims (chain_id, account, block_number, log_index);

-- Proven faults of operators and of reward trees.
create table chain.faults (
    chain_id smallint not null,
    block_number bigint not null,
    log_index integer not null,
    kind text not null check (kind in ('tree', 'equivocation')),
    epoch bigint not null,
    generation bigint,                              -- equivocation only
    signer bytea check (octet_length(signer) = 20), -- equivocation only
    digest_a bytea check (octet_length(digest_a) = 32),
    digest_b bytea check (octet_length(digest_b) = 32),
    tree_fault smallint,                            -- tree only: IReportVerifier.TreeFault
    payout_index bigint,                            -- tree only
    reporter bytea not null check (octet_length(reporter) = 20),
    primary key (chain_id, block_number, log_index)
);

-- What a rollback needs to find, and the views in force now -------------------------------------------------------------
create index split_versions_valid_idx on chain.split_versions (chain_id, valid_from);
create index maker_versions_valid_idx on chain.maker_versions (chain_id, valid_from);
create index model_versions_valid_idx on chain.model_versions (chain_id, valid_from);
create index batch_versions_valid_idx on chain.batch_versions (chain_id, valid_from);
create index device_versions_valid_idx on chain.device_versions (chain_id, valid_from);
create index payout_account_versions_valid_idx on chain.payout_account_versions (chain_id, valid_from);
create index pool_versions_valid_idx on chain.pool_versions (chain_id, valid_from);
create index stake_versions_valid_idx on chain.stake_versions (chain_id, valid_from);
create index thaw_versions_valid_idx on chain.thaw_versions (chain_id, valid_from);
create index operator_versions_valid_idx on chain.operator_versions (chain_id, valid_from);
create index config_versions_valid_idx on chain.config_versions (chain_id, valid_from);
create index report_versions_valid_idx on chain.report_versions (chain_id, valid_from);
create index root_versions_valid_idx on chain.root_versions (chain_id, valid_from);
create index breaker_versions_valid_idx on chain.breaker_versions (chain_id, valid_from);

create index split_versions_ended_idx on chain.split_versions (chain_id, valid_to) where valid_to < 9223372036854775807;
create index maker_versions_ended_idx on chain.maker_versions (chain_id, valid_to) where valid_to < 9223372036854775807;
create index model_versions_ended_idx on chain.model_versions (chain_id, valid_to) where valid_to < 9223372036854775807;
create index batch_versions_ended_idx on chain.batch_versions (chain_id, valid_to) where valid_to < 9223372036854775807;
create index device_versions_ended_idx on chain.device_versions (chain_id, valid_to) where valid_to < 9223372036854775807;
create index payout_account_versions_ended_idx on chain.payout_account_versions (chain_id, valid_to) where valid_to < 9223372036854775807;
create index pool_versions_ended_idx on chain.pool_versions (chain_id, valid_to) where valid_to < 9223372036854775807;
create index stake_versions_ended_idx on chain.stake_versions (chain_id, valid_to) where valid_to < 9223372036854775807;
create index thaw_versions_ended_idx on chain.thaw_versions (chain_id, valid_to) where valid_to < 9223372036854775807;
create index operator_versions_ended_idx on chain.operator_versions (chain_id, valid_to) where valid_to < 9223372036854775807;
create index config_versions_ended_idx on chain.config_versions (chain_id, valid_to) where valid_to < 9223372036854775807;
create index report_versions_ended_idx on chain.report_versions (chain_id, valid_to) where valid_to < 9223372036854775807;
create index root_versions_ended_idx on chain.root_versions (chain_id, valid_to) where valid_to < 9223372036854775807;
create index breaker_versions_ended_idx on chain.breaker_versions (chain_id, valid_to) where valid_to < 9223372036854775807;

create view chain.splits as
    select chain_id, first_epoch, accounts, bps, log_index, valid_from as block_number
    from chain.split_versions where valid_to = 9223372036854775807;
create view chain.makers as
    select chain_id, maker_id, account, quota, active, valid_from as block_number
    from chain.maker_versions where valid_to = 9223372036854775807;
create view chain.models as
    select chain_id, model_id, maker_id, class, capabilities, cadence, metadata, valid_from as block_number
    from chain.model_versions where valid_to = 9223372036854775807;
create view chain.batches as
    select chain_id, batch_id, maker_id, root, device_count, uri, revoked, valid_from as block_number
    from chain.batch_versions where valid_to = 9223372036854775807;
create view chain.devices as
    select chain_id, token_id, device_id, owner, model_id, batch_id, key_type, public_key, cell, metadata, status, registered_at, next_device_id, next_key_type, next_public_key, next_ready_at, valid_from as block_number
    from chain.device_versions where valid_to = 9223372036854775807;
create view chain.payout_accounts as
    select chain_id, account, payout_index, recipient, next_recipient, next_ready_at, valid_from as block_number
    from chain.payout_account_versions where valid_to = 9223372036854775807;
create view chain.pools as
    select chain_id, provider, tokens, shares, thawing_tokens, thawing_shares, self_shares, generation, valid_from as block_number
    from chain.pool_versions where valid_to = 9223372036854775807;
create view chain.stakes as
    select chain_id, provider, staker, shares, generation, valid_from as block_number
    from chain.stake_versions where valid_to = 9223372036854775807;
create view chain.thaws as
    select chain_id, provider, staker, thaw_id, shares, ready_at, generation, status, paid, valid_from as block_number
    from chain.thaw_versions where valid_to = 9223372036854775807;
create view chain.operators as
    select chain_id, report_key, account, protocol_key, bond, endpoint, exit_at, slashed, valid_from as block_number
    from chain.operator_versions where valid_to = 9223372036854775807;
create view chain.configs as
    select chain_id, config_count, first_epoch, digest, n, q, parameters_hash, rules_hash, report_keys, protocol_keys, valid_from as block_number
    from chain.config_versions where valid_to = 9223372036854775807;
create view chain.reports as
    select chain_id, digest, epoch, generation, report, signers, claimable_at, status, challenger, challenge_bond, challenge_evidence, challenge_bond_returned, cancel_reason, accepted_block, accepted_transaction, valid_from as block_number
    from chain.report_versions where valid_to = 9223372036854775807;
create view chain.roots as
    select chain_id, epoch, root, leaf_count, cumulative_total, valid_from as block_number
    from chain.root_versions where valid_to = 9223372036854775807;
create view chain.breakers as
    select chain_id, breaker, used, capacity, used_at, valid_from as block_number
    from chain.breaker_versions where valid_to = 9223372036854775807;

-- Every key that a device ever had.
create view chain.device_keys as
    select distinct on (chain_id, device_id) chain_id, device_id, token_id, key_type, public_key, valid_from as block_number
    from chain.device_versions order by chain_id, device_id, valid_from;
