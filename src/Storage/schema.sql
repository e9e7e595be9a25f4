-- Generated from the migrations by scripts/schema; read it, do not edit it.

-- schema api -------------------------------------------------------------------------------------------------

create table api.sign_in_keys (
    id boolean not null default true,
    key bytea not null,
    constraint sign_in_keys_id_check CHECK (id),
    constraint sign_in_keys_key_check CHECK ((octet_length(key) = 32)),
    constraint sign_in_keys_pkey PRIMARY KEY (id)
);

create table api.sign_ins (
    nonce text not null,
    token_hash bytea not null,
    address bytea not null,
    signed_in_at timestamp with time zone not null,
    until_at timestamp with time zone not null,
    ended_at timestamp with time zone,
    constraint sign_ins_address_check CHECK ((octet_length(address) = 20)),
    constraint sign_ins_token_hash_check CHECK ((octet_length(token_hash) = 32)),
    constraint sign_ins_pkey PRIMARY KEY (nonce),
    constraint sign_ins_token_hash_key UNIQUE (token_hash)
);
CREATE INDEX sign_ins_until_idx ON api.sign_ins USING btree (until_at);

-- schema chain -----------------------------------------------------------------------------------------------

create table chain.batch_versions (
    chain_id smallint not null,
    batch_id bigint not null,
    maker_id bigint not null,
    root bytea not null,
    device_count bigint not null,
    uri text not null,
    revoked boolean not null,
    valid_from bigint not null,
    valid_to bigint not null,
    constraint batch_versions_root_check CHECK ((octet_length(root) = 32)),
    constraint batch_versions_pkey PRIMARY KEY (chain_id, batch_id, valid_from)
);
CREATE INDEX batch_versions_ended_idx ON chain.batch_versions USING btree (chain_id, valid_to) WHERE (valid_to < '9223372036854775807'::bigint);
CREATE INDEX batch_versions_valid_idx ON chain.batch_versions USING btree (chain_id, valid_from);

create view chain.batches as
 SELECT chain_id,
    batch_id,
    maker_id,
    root,
    device_count,
    uri,
    revoked,
    valid_from AS block_number
   FROM chain.batch_versions
  WHERE valid_to = '9223372036854775807'::bigint;

create table chain.blocks (
    chain_id smallint not null,
    block_number bigint not null,
    block_hash bytea not null,
    parent_hash bytea not null,
    block_time timestamp with time zone not null,
    log_count integer not null,
    constraint blocks_block_hash_check CHECK ((octet_length(block_hash) = 32)),
    constraint blocks_parent_hash_check CHECK ((octet_length(parent_hash) = 32)),
    constraint blocks_pkey PRIMARY KEY (chain_id, block_number)
);
CREATE INDEX blocks_block_time_idx ON chain.blocks USING btree (chain_id, block_time);

create table chain.breaker_versions (
    chain_id smallint not null,
    breaker smallint not null,
    used numeric(78,0) not null,
    capacity numeric(78,0) not null,
    used_at bigint not null,
    valid_from bigint not null,
    valid_to bigint not null,
    constraint breaker_versions_pkey PRIMARY KEY (chain_id, breaker, valid_from)
);
CREATE INDEX breaker_versions_ended_idx ON chain.breaker_versions USING btree (chain_id, valid_to) WHERE (valid_to < '9223372036854775807'::bigint);
CREATE INDEX breaker_versions_valid_idx ON chain.breaker_versions USING btree (chain_id, valid_from);

create view chain.breakers as
 SELECT chain_id,
    breaker,
    used,
    capacity,
    used_at,
    valid_from AS block_number
   FROM chain.breaker_versions
  WHERE valid_to = '9223372036854775807'::bigint;

create table chain.chains (
    chain_id smallint not null,
    caip2 text not null,
    network_id bytea not null,
    first_block bigint not null,
    breaker_window bigint not null,
    constraint chains_first_block_check CHECK ((first_block > 0)),
    constraint chains_network_id_check CHECK ((octet_length(network_id) = 32)),
    constraint chains_pkey PRIMARY KEY (chain_id),
    constraint chains_caip2_key UNIQUE (caip2)
);

create table chain.checkpoints (
    chain_id smallint not null,
    block_number bigint not null,
    block_hash bytea not null,
    finalized_number bigint not null,
    finalized_hash bytea not null,
    halted text,
    constraint checkpoints_block_hash_check CHECK ((octet_length(block_hash) = 32)),
    constraint checkpoints_finalized_hash_check CHECK ((octet_length(finalized_hash) = 32)),
    constraint checkpoints_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES chain.chains(chain_id),
    constraint checkpoints_pkey PRIMARY KEY (chain_id)
);

create table chain.claims (
    chain_id smallint not null,
    block_number bigint not null,
    log_index integer not null,
    account bytea not null,
    payout_index bigint not null,
    recipient bytea not null,
    amount numeric(78,0) not null,
    claimed numeric(78,0) not null,
    root bytea not null,
    fee_to bytea not null,
    fee numeric(78,0) not null,
    constraint claims_account_check CHECK ((octet_length(account) = ANY (ARRAY[20, 32]))),
    constraint claims_fee_to_check CHECK ((octet_length(fee_to) = ANY (ARRAY[20, 32]))),
    constraint claims_recipient_check CHECK ((octet_length(recipient) = ANY (ARRAY[20, 32]))),
    constraint claims_root_check CHECK ((octet_length(root) = 32)),
    constraint claims_pkey PRIMARY KEY (chain_id, block_number, log_index)
);
CREATE INDEX claims_account_idx ON chain.claims USING btree (chain_id, account, block_number, log_index);

create table chain.config_versions (
    chain_id smallint not null,
    config_count bigint not null,
    first_epoch bigint not null,
    digest bytea not null,
    n smallint not null,
    q smallint not null,
    parameters_hash bytea not null,
    rules_hash bytea not null,
    report_keys bytea not null,
    protocol_keys bytea not null,
    valid_from bigint not null,
    valid_to bigint not null,
    constraint config_versions_check CHECK ((octet_length(report_keys) = (20 * n))),
    constraint config_versions_check1 CHECK ((octet_length(protocol_keys) = (32 * n))),
    constraint config_versions_digest_check CHECK ((octet_length(digest) = 32)),
    constraint config_versions_parameters_hash_check CHECK ((octet_length(parameters_hash) = 32)),
    constraint config_versions_rules_hash_check CHECK ((octet_length(rules_hash) = 32)),
    constraint config_versions_pkey PRIMARY KEY (chain_id, config_count, valid_from)
);
CREATE INDEX config_versions_ended_idx ON chain.config_versions USING btree (chain_id, valid_to) WHERE (valid_to < '9223372036854775807'::bigint);
CREATE INDEX config_versions_valid_idx ON chain.config_versions USING btree (chain_id, valid_from);

create view chain.configs as
 SELECT chain_id,
    config_count,
    first_epoch,
    digest,
    n,
    q,
    parameters_hash,
    rules_hash,
    report_keys,
    protocol_keys,
    valid_from AS block_number
   FROM chain.config_versions
  WHERE valid_to = '9223372036854775807'::bigint;

create table chain.contracts (
    chain_id smallint not null,
    contract smallint not null,
    name text not null,
    address bytea not null,
    constraint contracts_address_check CHECK ((octet_length(address) = ANY (ARRAY[20, 32]))),
    constraint contracts_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES chain.chains(chain_id),
    constraint contracts_pkey PRIMARY KEY (chain_id, contract),
    constraint contracts_chain_id_address_key UNIQUE (chain_id, address)
);

create view chain.device_keys as
 SELECT DISTINCT ON (chain_id, device_id) chain_id,
    device_id,
    token_id,
    key_type,
    public_key,
    valid_from AS block_number
   FROM chain.device_versions
  ORDER BY chain_id, device_id, valid_from;

create table chain.device_versions (
    chain_id smallint not null,
    token_id bigint not null,
    device_id bytea not null,
    owner bytea not null,
    model_id bigint not null,
    batch_id bigint not null,
    key_type smallint not null,
    public_key bytea not null,
    cell numeric(20,0) not null,
    metadata bytea not null,
    status text not null,
    registered_at bigint not null,
    next_device_id bytea,
    next_key_type smallint,
    next_public_key bytea,
    next_ready_at bigint,
    valid_from bigint not null,
    valid_to bigint not null,
    constraint device_versions_device_id_check CHECK ((octet_length(device_id) = 32)),
    constraint device_versions_metadata_check CHECK ((octet_length(metadata) = 32)),
    constraint device_versions_next_device_id_check CHECK ((octet_length(next_device_id) = 32)),
    constraint device_versions_owner_check CHECK ((octet_length(owner) = ANY (ARRAY[20, 32]))),
    constraint device_versions_status_check CHECK ((status = ANY (ARRAY['active'::text, 'suspended'::text, 'retired'::text]))),
    constraint device_versions_pkey PRIMARY KEY (chain_id, token_id, valid_from)
);
CREATE INDEX device_versions_device_id_idx ON chain.device_versions USING btree (chain_id, device_id);
CREATE INDEX device_versions_ended_idx ON chain.device_versions USING btree (chain_id, valid_to) WHERE (valid_to < '9223372036854775807'::bigint);
CREATE INDEX device_versions_owner_idx ON chain.device_versions USING btree (chain_id, owner) WHERE (valid_to = '9223372036854775807'::bigint);
CREATE INDEX device_versions_valid_idx ON chain.device_versions USING btree (chain_id, valid_from);

create view chain.devices as
 SELECT chain_id,
    token_id,
    device_id,
    owner,
    model_id,
    batch_id,
    key_type,
    public_key,
    cell,
    metadata,
    status,
    registered_at,
    next_device_id,
    next_key_type,
    next_public_key,
    next_ready_at,
    valid_from AS block_number
   FROM chain.device_versions
  WHERE valid_to = '9223372036854775807'::bigint;

create table chain.emission_epochs (
    chain_id smallint not null,
    epoch bigint not null,
    rewards numeric(78,0) not null,
    sinks numeric(78,0) not null,
    unallocated numeric(78,0) not null,
    block_number bigint not null,
    constraint emission_epochs_pkey PRIMARY KEY (chain_id, epoch)
);
CREATE INDEX emission_epochs_block_number_idx ON chain.emission_epochs USING btree (chain_id, block_number);

create table chain.events (
    event smallint not null,
    contract text not null,
    name text not null,
    signature text not null,
    topic bytea not null,
    constraint events_topic_check CHECK ((octet_length(topic) = 32)),
    constraint events_pkey PRIMARY KEY (event)
);

create table chain.faults (
    chain_id smallint not null,
    block_number bigint not null,
    log_index integer not null,
    kind text not null,
    epoch bigint not null,
    generation bigint,
    signer bytea,
    digest_a bytea,
    digest_b bytea,
    tree_fault smallint,
    payout_index bigint,
    reporter bytea not null,
    constraint faults_digest_a_check CHECK ((octet_length(digest_a) = 32)),
    constraint faults_digest_b_check CHECK ((octet_length(digest_b) = 32)),
    constraint faults_kind_check CHECK ((kind = ANY (ARRAY['tree'::text, 'equivocation'::text]))),
    constraint faults_reporter_check CHECK ((octet_length(reporter) = ANY (ARRAY[20, 32]))),
    constraint faults_signer_check CHECK ((octet_length(signer) = 20)),
    constraint faults_pkey PRIMARY KEY (chain_id, block_number, log_index)
);

create table chain.holders (
    chain_id smallint not null,
    account bytea not null,
    balance numeric(78,0) not null,
    transfers bigint not null,
    constraint holders_account_check CHECK ((octet_length(account) = ANY (ARRAY[20, 32]))),
    constraint holders_pkey PRIMARY KEY (chain_id, account)
) with (fillfactor=50);

create table chain.logs (
    chain_id smallint not null,
    block_number bigint not null,
    log_index integer not null,
    transaction_index integer not null,
    transaction_hash bytea not null,
    contract smallint not null,
    event smallint not null,
    topics bytea not null,
    data bytea not null,
    constraint logs_topics_check CHECK ((((octet_length(topics) % 32) = 0) AND (octet_length(topics) <= 128))),
    constraint logs_transaction_hash_check CHECK ((octet_length(transaction_hash) = ANY (ARRAY[32, 64]))),
    constraint logs_pkey PRIMARY KEY (chain_id, block_number, log_index)
);

create table chain.maker_versions (
    chain_id smallint not null,
    maker_id bigint not null,
    account bytea not null,
    quota bigint not null,
    active boolean not null,
    valid_from bigint not null,
    valid_to bigint not null,
    constraint maker_versions_account_check CHECK ((octet_length(account) = ANY (ARRAY[20, 32]))),
    constraint maker_versions_pkey PRIMARY KEY (chain_id, maker_id, valid_from)
);
CREATE INDEX maker_versions_ended_idx ON chain.maker_versions USING btree (chain_id, valid_to) WHERE (valid_to < '9223372036854775807'::bigint);
CREATE INDEX maker_versions_valid_idx ON chain.maker_versions USING btree (chain_id, valid_from);

create view chain.makers as
 SELECT chain_id,
    maker_id,
    account,
    quota,
    active,
    valid_from AS block_number
   FROM chain.maker_versions
  WHERE valid_to = '9223372036854775807'::bigint;

create table chain.model_versions (
    chain_id smallint not null,
    model_id bigint not null,
    maker_id bigint not null,
    class integer not null,
    capabilities bigint not null,
    cadence bigint not null,
    metadata bytea not null,
    valid_from bigint not null,
    valid_to bigint not null,
    constraint model_versions_metadata_check CHECK ((octet_length(metadata) = 32)),
    constraint model_versions_pkey PRIMARY KEY (chain_id, model_id, valid_from)
);
CREATE INDEX model_versions_ended_idx ON chain.model_versions USING btree (chain_id, valid_to) WHERE (valid_to < '9223372036854775807'::bigint);
CREATE INDEX model_versions_valid_idx ON chain.model_versions USING btree (chain_id, valid_from);

create view chain.models as
 SELECT chain_id,
    model_id,
    maker_id,
    class,
    capabilities,
    cadence,
    metadata,
    valid_from AS block_number
   FROM chain.model_versions
  WHERE valid_to = '9223372036854775807'::bigint;

create table chain.operator_versions (
    chain_id smallint not null,
    report_key bytea not null,
    account bytea not null,
    protocol_key bytea not null,
    bond numeric(78,0) not null,
    endpoint text not null,
    exit_at bigint not null,
    slashed boolean not null,
    valid_from bigint not null,
    valid_to bigint not null,
    constraint operator_versions_account_check CHECK ((octet_length(account) = ANY (ARRAY[20, 32]))),
    constraint operator_versions_protocol_key_check CHECK ((octet_length(protocol_key) = 32)),
    constraint operator_versions_report_key_check CHECK ((octet_length(report_key) = 20)),
    constraint operator_versions_pkey PRIMARY KEY (chain_id, report_key, valid_from)
);
CREATE INDEX operator_versions_ended_idx ON chain.operator_versions USING btree (chain_id, valid_to) WHERE (valid_to < '9223372036854775807'::bigint);
CREATE INDEX operator_versions_valid_idx ON chain.operator_versions USING btree (chain_id, valid_from);

create view chain.operators as
 SELECT chain_id,
    report_key,
    account,
    protocol_key,
    bond,
    endpoint,
    exit_at,
    slashed,
    valid_from AS block_number
   FROM chain.operator_versions
  WHERE valid_to = '9223372036854775807'::bigint;

create table chain.payout_account_versions (
    chain_id smallint not null,
    account bytea not null,
    payout_index bigint not null,
    recipient bytea not null,
    next_recipient bytea,
    next_ready_at bigint,
    valid_from bigint not null,
    valid_to bigint not null,
    constraint payout_account_versions_account_check CHECK ((octet_length(account) = ANY (ARRAY[20, 32]))),
    constraint payout_account_versions_next_recipient_check CHECK ((octet_length(next_recipient) = ANY (ARRAY[20, 32]))),
    constraint payout_account_versions_recipient_check CHECK ((octet_length(recipient) = ANY (ARRAY[20, 32]))),
    constraint payout_account_versions_pkey PRIMARY KEY (chain_id, account, valid_from)
);
CREATE INDEX payout_account_versions_ended_idx ON chain.payout_account_versions USING btree (chain_id, valid_to) WHERE (valid_to < '9223372036854775807'::bigint);
CREATE INDEX payout_account_versions_payout_index_idx ON chain.payout_account_versions USING btree (chain_id, payout_index);
CREATE INDEX payout_account_versions_valid_idx ON chain.payout_account_versions USING btree (chain_id, valid_from);

create view chain.payout_accounts as
 SELECT chain_id,
    account,
    payout_index,
    recipient,
    next_recipient,
    next_ready_at,
    valid_from AS block_number
   FROM chain.payout_account_versions
  WHERE valid_to = '9223372036854775807'::bigint;

create table chain.pool_versions (
    chain_id smallint not null,
    provider bytea not null,
    tokens numeric(78,0) not null,
    shares numeric(78,0) not null,
    thawing_tokens numeric(78,0) not null,
    thawing_shares numeric(78,0) not null,
    self_shares numeric(78,0) not null,
    generation bigint not null,
    valid_from bigint not null,
    valid_to bigint not null,
    constraint pool_versions_provider_check CHECK ((octet_length(provider) = ANY (ARRAY[20, 32]))),
    constraint pool_versions_pkey PRIMARY KEY (chain_id, provider, valid_from)
);
CREATE INDEX pool_versions_ended_idx ON chain.pool_versions USING btree (chain_id, valid_to) WHERE (valid_to < '9223372036854775807'::bigint);
CREATE INDEX pool_versions_valid_idx ON chain.pool_versions USING btree (chain_id, valid_from);

create view chain.pools as
 SELECT chain_id,
    provider,
    tokens,
    shares,
    thawing_tokens,
    thawing_shares,
    self_shares,
    generation,
    valid_from AS block_number
   FROM chain.pool_versions
  WHERE valid_to = '9223372036854775807'::bigint;

create table chain.report_versions (
    chain_id smallint not null,
    digest bytea not null,
    epoch bigint not null,
    generation bigint not null,
    report bytea not null,
    signers bigint not null,
    claimable_at bigint not null,
    status text not null,
    challenger bytea,
    challenge_bond numeric(78,0),
    challenge_evidence bytea,
    challenge_bond_returned boolean,
    cancel_reason smallint,
    accepted_block bigint not null,
    accepted_transaction bytea not null,
    valid_from bigint not null,
    valid_to bigint not null,
    constraint report_versions_accepted_transaction_check CHECK ((octet_length(accepted_transaction) = ANY (ARRAY[32, 64]))),
    constraint report_versions_challenge_evidence_check CHECK ((octet_length(challenge_evidence) = 32)),
    constraint report_versions_challenger_check CHECK ((octet_length(challenger) = ANY (ARRAY[20, 32]))),
    constraint report_versions_digest_check CHECK ((octet_length(digest) = 32)),
    constraint report_versions_report_check CHECK ((octet_length(report) = 348)),
    constraint report_versions_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'challenged'::text, 'final'::text, 'cancelled'::text]))),
    constraint report_versions_pkey PRIMARY KEY (chain_id, digest, valid_from)
);
CREATE INDEX report_versions_ended_idx ON chain.report_versions USING btree (chain_id, valid_to) WHERE (valid_to < '9223372036854775807'::bigint);
CREATE INDEX report_versions_epoch_idx ON chain.report_versions USING btree (chain_id, epoch, generation);
CREATE INDEX report_versions_valid_idx ON chain.report_versions USING btree (chain_id, valid_from);

create view chain.reports as
 SELECT chain_id,
    digest,
    epoch,
    generation,
    report,
    signers,
    claimable_at,
    status,
    challenger,
    challenge_bond,
    challenge_evidence,
    challenge_bond_returned,
    cancel_reason,
    accepted_block,
    accepted_transaction,
    valid_from AS block_number
   FROM chain.report_versions
  WHERE valid_to = '9223372036854775807'::bigint;

create table chain.root_versions (
    chain_id smallint not null,
    epoch bigint not null,
    root bytea not null,
    leaf_count bigint not null,
    cumulative_total numeric(78,0) not null,
    valid_from bigint not null,
    valid_to bigint not null,
    constraint root_versions_root_check CHECK ((octet_length(root) = 32)),
    constraint root_versions_pkey PRIMARY KEY (chain_id, epoch, valid_from)
);
CREATE INDEX root_versions_ended_idx ON chain.root_versions USING btree (chain_id, valid_to) WHERE (valid_to < '9223372036854775807'::bigint);
CREATE INDEX root_versions_valid_idx ON chain.root_versions USING btree (chain_id, valid_from);

create view chain.roots as
 SELECT chain_id,
    epoch,
    root,
    leaf_count,
    cumulative_total,
    valid_from AS block_number
   FROM chain.root_versions
  WHERE valid_to = '9223372036854775807'::bigint;

create table chain.split_versions (
    chain_id smallint not null,
    first_epoch bigint not null,
    accounts bytea not null,
    bps integer[] not null,
    log_index integer not null,
    valid_from bigint not null,
    valid_to bigint not null,
    constraint split_versions_accounts_check CHECK (((octet_length(accounts) = (20 * cardinality(bps))) OR (octet_length(accounts) = (32 * cardinality(bps))))),
    constraint split_versions_pkey PRIMARY KEY (chain_id, first_epoch, valid_from)
);
CREATE INDEX split_versions_ended_idx ON chain.split_versions USING btree (chain_id, valid_to) WHERE (valid_to < '9223372036854775807'::bigint);
CREATE INDEX split_versions_valid_idx ON chain.split_versions USING btree (chain_id, valid_from);

create view chain.splits as
 SELECT chain_id,
    first_epoch,
    accounts,
    bps,
    log_index,
    valid_from AS block_number
   FROM chain.split_versions
  WHERE valid_to = '9223372036854775807'::bigint;

create table chain.stake_versions (
    chain_id smallint not null,
    provider bytea not null,
    staker bytea not null,
    shares numeric(78,0) not null,
    generation bigint not null,
    valid_from bigint not null,
    valid_to bigint not null,
    constraint stake_versions_provider_check CHECK ((octet_length(provider) = ANY (ARRAY[20, 32]))),
    constraint stake_versions_staker_check CHECK ((octet_length(staker) = ANY (ARRAY[20, 32]))),
    constraint stake_versions_pkey PRIMARY KEY (chain_id, provider, staker, valid_from)
);
CREATE INDEX stake_versions_ended_idx ON chain.stake_versions USING btree (chain_id, valid_to) WHERE (valid_to < '9223372036854775807'::bigint);
CREATE INDEX stake_versions_staker_idx ON chain.stake_versions USING btree (chain_id, staker) WHERE (valid_to = '9223372036854775807'::bigint);
CREATE INDEX stake_versions_valid_idx ON chain.stake_versions USING btree (chain_id, valid_from);

create view chain.stakes as
 SELECT chain_id,
    provider,
    staker,
    shares,
    generation,
    valid_from AS block_number
   FROM chain.stake_versions
  WHERE valid_to = '9223372036854775807'::bigint;

create table chain.thaw_versions (
    chain_id smallint not null,
    provider bytea not null,
    staker bytea not null,
    thaw_id bigint not null,
    shares numeric(78,0) not null,
    ready_at bigint not null,
    generation bigint not null,
    status text not null,
    paid numeric(78,0) not null,
    valid_from bigint not null,
    valid_to bigint not null,
    constraint thaw_versions_provider_check CHECK ((octet_length(provider) = ANY (ARRAY[20, 32]))),
    constraint thaw_versions_staker_check CHECK ((octet_length(staker) = ANY (ARRAY[20, 32]))),
    constraint thaw_versions_status_check CHECK ((status = ANY (ARRAY['thawing'::text, 'cancelled'::text, 'withdrawn'::text]))),
    constraint thaw_versions_pkey PRIMARY KEY (chain_id, provider, staker, thaw_id, valid_from)
);
CREATE INDEX thaw_versions_ended_idx ON chain.thaw_versions USING btree (chain_id, valid_to) WHERE (valid_to < '9223372036854775807'::bigint);
CREATE INDEX thaw_versions_valid_idx ON chain.thaw_versions USING btree (chain_id, valid_from);

create view chain.thaws as
 SELECT chain_id,
    provider,
    staker,
    thaw_id,
    shares,
    ready_at,
    generation,
    status,
    paid,
    valid_from AS block_number
   FROM chain.thaw_versions
  WHERE valid_to = '9223372036854775807'::bigint;

create table chain.tokens (
    chain_id smallint not null,
    minted numeric(78,0) not null,
    burned numeric(78,0) not null,
    transfers bigint not null,
    constraint tokens_pkey PRIMARY KEY (chain_id)
);

-- schema depin -----------------------------------------------------------------------------------------------

create table depin.migrations (
    number integer not null,
    name text not null,
    hash bytea not null,
    applied_at timestamp with time zone not null default now(),
    constraint migrations_hash_check CHECK ((octet_length(hash) = 32)),
    constraint migrations_pkey PRIMARY KEY (number)
);

-- schema evidence --------------------------------------------------------------------------------------------

create table evidence.epochs (
    network_id bytea not null,
    epoch bigint not null,
    generation bigint not null,
    report_digest bytea not null,
    report bytea not null,
    bundle_sha256 bytea not null,
    bundle_bytes bigint not null,
    period_start timestamp with time zone not null,
    period_end timestamp with time zone not null,
    accounts integer not null,
    devices integer not null,
    accepted bigint not null,
    rejected bigint not null,
    inconclusive bigint not null,
    pending bigint not null,
    budget numeric(39,0) not null,
    allocated numeric(39,0) not null,
    unallocated numeric(39,0) not null,
    imported_at timestamp with time zone not null,
    constraint epochs_bundle_sha256_check CHECK ((octet_length(bundle_sha256) = 32)),
    constraint epochs_report_check CHECK ((octet_length(report) = 348)),
    constraint epochs_report_digest_check CHECK ((octet_length(report_digest) = 32)),
    constraint epochs_network_id_fkey FOREIGN KEY (network_id) REFERENCES evidence.networks(network_id),
    constraint epochs_pkey PRIMARY KEY (network_id, epoch)
);

create table evidence.leaves (
    network_id bytea not null,
    epoch bigint not null,
    index bigint not null,
    account bytea not null,
    cumulative numeric(39,0) not null,
    prefix numeric(39,0) not null,
    items_hash bytea not null,
    constraint leaves_account_check CHECK ((octet_length(account) = 32)),
    constraint leaves_items_hash_check CHECK ((octet_length(items_hash) = 32)),
    constraint leaves_pkey PRIMARY KEY (network_id, epoch, index)
);
CREATE INDEX leaves_account_idx ON evidence.leaves USING btree (network_id, account, epoch DESC);

create table evidence.lines (
    network_id bytea not null,
    epoch bigint not null,
    account bytea not null,
    class integer not null,
    device_id bytea not null,
    rule integer not null,
    weight numeric(39,0) not null,
    amount numeric(39,0) not null,
    accepted bigint not null,
    rejected bigint not null,
    inconclusive bigint not null,
    constraint lines_account_check CHECK ((octet_length(account) = 32)),
    constraint lines_device_id_check CHECK ((octet_length(device_id) = 32)),
    constraint lines_pkey PRIMARY KEY (network_id, epoch, account, class, device_id, rule)
);
CREATE INDEX lines_device_idx ON evidence.lines USING btree (network_id, device_id, epoch DESC);
CREATE INDEX lines_epoch_idx ON evidence.lines USING btree (network_id, epoch, class, device_id, rule);

create table evidence.networks (
    network_id bytea not null,
    name text not null,
    chain text not null,
    manifest jsonb not null,
    parameters jsonb not null,
    constraint networks_network_id_check CHECK ((octet_length(network_id) = 32)),
    constraint networks_pkey PRIMARY KEY (network_id)
);

create table evidence.pruned (
    network_id bytea not null,
    verdicts_before bigint not null,
    trees_before bigint not null,
    constraint pruned_trees_before_check CHECK ((trees_before >= 0)),
    constraint pruned_verdicts_before_check CHECK ((verdicts_before >= 0)),
    constraint pruned_network_id_fkey FOREIGN KEY (network_id) REFERENCES evidence.networks(network_id),
    constraint pruned_pkey PRIMARY KEY (network_id)
);

create table evidence.tree_chunks (
    network_id bytea not null,
    epoch bigint not null,
    tier smallint not null,
    position integer not null,
    nodes bytea not null,
    constraint tree_chunks_pkey PRIMARY KEY (network_id, epoch, tier, "position")
);

create table evidence.verdicts (
    network_id bytea not null,
    epoch bigint not null,
    proof_id bytea not null,
    device_id bytea not null,
    class integer not null,
    sequence numeric(20,0) not null,
    device_time timestamp with time zone not null,
    judgement smallint not null,
    reason integer not null,
    quality integer not null,
    constraint verdicts_device_id_check CHECK ((octet_length(device_id) = 32)),
    constraint verdicts_judgement_check CHECK ((judgement = ANY (ARRAY[0, 1, 2, 3]))),
    constraint verdicts_proof_id_check CHECK ((octet_length(proof_id) = 32)),
    constraint verdicts_pkey PRIMARY KEY (network_id, epoch, proof_id)
);
CREATE INDEX verdicts_device_idx ON evidence.verdicts USING btree (network_id, device_id, epoch DESC, sequence DESC);
CREATE INDEX verdicts_proof_idx ON evidence.verdicts USING btree (proof_id);

CREATE OR REPLACE FUNCTION evidence.forget_epoch()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
    delete from evidence.leaves where network_id = old.network_id and epoch = old.epoch;
    delete from evidence.tree_chunks where network_id = old.network_id and epoch = old.epoch;
    delete from evidence.lines where network_id = old.network_id and epoch = old.epoch;
    delete from evidence.verdicts where network_id = old.network_id and epoch = old.epoch;
    return old;
end
$function$;

CREATE TRIGGER epochs_forget BEFORE DELETE ON evidence.epochs FOR EACH ROW EXECUTE FUNCTION evidence.forget_epoch();

-- schema jobs ------------------------------------------------------------------------------------------------

create table jobs.alarms (
    id bigint not null generated always as identity,
    key text not null,
    severity text not null,
    text text not null,
    raised_at timestamp with time zone not null,
    last_seen_at timestamp with time zone not null,
    cleared_at timestamp with time zone,
    constraint alarms_severity_check CHECK ((severity = ANY (ARRAY['warning'::text, 'critical'::text]))),
    constraint alarms_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX alarms_open_idx ON jobs.alarms USING btree (key) WHERE (cleared_at IS NULL);

create sequence jobs.alarms_id_seq;

create table jobs.epoch_classes (
    network_id bytea not null,
    epoch bigint not null,
    class integer not null,
    devices bigint not null,
    accounts bigint not null,
    accepted bigint not null,
    rejected bigint not null,
    inconclusive bigint not null,
    amount numeric(39,0) not null,
    constraint epoch_classes_network_id_check CHECK ((octet_length(network_id) = 32)),
    constraint epoch_classes_pkey PRIMARY KEY (network_id, epoch, class)
);

create table jobs.epoch_reasons (
    network_id bytea not null,
    epoch bigint not null,
    class integer not null,
    judgement smallint not null,
    reason integer not null,
    proofs bigint not null,
    constraint epoch_reasons_network_id_check CHECK ((octet_length(network_id) = 32)),
    constraint epoch_reasons_pkey PRIMARY KEY (network_id, epoch, class, judgement, reason)
);

create table jobs.epoch_rollups (
    network_id bytea not null,
    epoch bigint not null,
    rolled_at timestamp with time zone not null default now(),
    constraint epoch_rollups_network_id_check CHECK ((octet_length(network_id) = 32)),
    constraint epoch_rollups_pkey PRIMARY KEY (network_id, epoch)
);

create table jobs.reconciliations (
    id bigint not null generated always as identity,
    chain text not null,
    block_number bigint not null,
    compared bigint not null,
    differences jsonb not null,
    ran_at timestamp with time zone not null,
    constraint reconciliations_pkey PRIMARY KEY (id)
);

create sequence jobs.reconciliations_id_seq;

create table jobs.retention (
    network_id bytea not null,
    verdicts_before bigint not null,
    trees_before bigint not null,
    constraint retention_network_id_check CHECK ((octet_length(network_id) = 32)),
    constraint retention_pkey PRIMARY KEY (network_id)
);

create table jobs.runs (
    id bigint not null generated always as identity,
    job text not null,
    trigger text not null,
    fire_instance text not null,
    node text not null,
    attempt integer not null,
    scheduled_at timestamp with time zone,
    started_at timestamp with time zone not null,
    ended_at timestamp with time zone,
    outcome text not null,
    retrying boolean not null default false,
    recovering boolean not null,
    recovered_by bigint,
    asked_by bytea,
    retry_of bigint,
    error text,
    constraint runs_asked_by_check CHECK ((octet_length(asked_by) = 20)),
    constraint runs_check CHECK (((outcome = 'running'::text) = (ended_at IS NULL))),
    constraint runs_error_check CHECK ((length(error) <= 4000)),
    constraint runs_outcome_check CHECK ((outcome = ANY (ARRAY['running'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text, 'lost'::text]))),
    constraint runs_recovered_by_fkey FOREIGN KEY (recovered_by) REFERENCES jobs.runs(id) ON DELETE SET NULL,
    constraint runs_retry_of_fkey FOREIGN KEY (retry_of) REFERENCES jobs.runs(id) ON DELETE SET NULL,
    constraint runs_pkey PRIMARY KEY (id),
    constraint runs_fire_instance_key UNIQUE (fire_instance)
);
CREATE INDEX runs_job_idx ON jobs.runs USING btree (job, id DESC);
CREATE INDEX runs_not_succeeded_idx ON jobs.runs USING btree (id DESC) WHERE (outcome = ANY (ARRAY['failed'::text, 'cancelled'::text, 'lost'::text]));
CREATE INDEX runs_recovered_by_idx ON jobs.runs USING btree (recovered_by) WHERE (recovered_by IS NOT NULL);
CREATE INDEX runs_retry_of_idx ON jobs.runs USING btree (retry_of) WHERE (retry_of IS NOT NULL);
CREATE INDEX runs_running_idx ON jobs.runs USING btree (id) WHERE (outcome = 'running'::text);

create sequence jobs.runs_id_seq;

create table jobs.sign_in_keys (
    id boolean not null default true,
    key bytea not null,
    constraint sign_in_keys_id_check CHECK (id),
    constraint sign_in_keys_key_check CHECK ((octet_length(key) = 32)),
    constraint sign_in_keys_pkey PRIMARY KEY (id)
);

create table jobs.sign_ins (
    nonce text not null,
    token_hash bytea not null,
    address bytea not null,
    signed_in_at timestamp with time zone not null,
    until_at timestamp with time zone not null,
    ended_at timestamp with time zone,
    constraint sign_ins_address_check CHECK ((octet_length(address) = 20)),
    constraint sign_ins_token_hash_check CHECK ((octet_length(token_hash) = 32)),
    constraint sign_ins_pkey PRIMARY KEY (nonce),
    constraint sign_ins_token_hash_key UNIQUE (token_hash)
);
CREATE INDEX sign_ins_until_idx ON jobs.sign_ins USING btree (until_at);

-- schema oracle ----------------------------------------------------------------------------------------------

create table oracle.acknowledgements (
    operator bytea not null,
    index bigint not null,
    sender bytea not null,
    digest bytea not null,
    signature bytea not null,
    constraint acknowledgements_digest_check CHECK ((octet_length(digest) = 32)),
    constraint acknowledgements_sender_check CHECK ((octet_length(sender) = 20)),
    constraint acknowledgements_signature_check CHECK ((octet_length(signature) = 64)),
    constraint acknowledgements_pkey PRIMARY KEY (operator, index, sender)
);

create table oracle.attestations (
    digest bytea not null,
    signer bytea not null,
    config_digest bytea not null,
    epoch bigint not null,
    generation bigint not null,
    signature bytea not null,
    seen_at timestamp with time zone not null default now(),
    report bytea,
    constraint attestations_config_digest_check CHECK ((octet_length(config_digest) = 32)),
    constraint attestations_digest_check CHECK ((octet_length(digest) = 32)),
    constraint attestations_report_check CHECK ((octet_length(report) = 348)),
    constraint attestations_signature_check CHECK ((octet_length(signature) = 64)),
    constraint attestations_signer_check CHECK ((octet_length(signer) = 20)),
    constraint attestations_pkey PRIMARY KEY (digest, signer)
);
CREATE INDEX attestations_epoch_generation_signer_idx ON oracle.attestations USING btree (epoch, generation, signer);

create table oracle.batches (
    operator bytea not null,
    index bigint not null,
    digest bytea not null,
    header bytea not null,
    body bytea not null,
    count integer not null,
    sealed_at bigint not null,
    judged boolean not null default false,
    stored_at timestamp with time zone not null default now(),
    constraint batches_count_check CHECK ((count > 0)),
    constraint batches_digest_check CHECK ((octet_length(digest) = 32)),
    constraint batches_index_check CHECK ((index > 0)),
    constraint batches_operator_fkey FOREIGN KEY (operator) REFERENCES oracle.lanes(operator),
    constraint batches_pkey PRIMARY KEY (operator, index)
);
CREATE INDEX batches_unjudged_idx ON oracle.batches USING btree (stored_at) WHERE (NOT judged);

create table oracle.bundle_pieces (
    digest bytea not null,
    piece integer not null,
    bytes bytea not null,
    constraint bundle_pieces_piece_check CHECK ((piece >= 0)),
    constraint bundle_pieces_digest_fkey FOREIGN KEY (digest) REFERENCES oracle.bundles(digest) ON DELETE CASCADE,
    constraint bundle_pieces_pkey PRIMARY KEY (digest, piece)
);

create table oracle.bundles (
    digest bytea not null,
    epoch bigint not null,
    generation bigint not null,
    content bytea not null,
    length bigint not null,
    final boolean not null default false,
    written_at timestamp with time zone not null default now(),
    constraint bundles_content_check CHECK ((octet_length(content) = 32)),
    constraint bundles_digest_check CHECK ((octet_length(digest) = 32)),
    constraint bundles_length_check CHECK ((length > 0)),
    constraint bundles_pkey PRIMARY KEY (digest)
);
CREATE INDEX bundles_epoch_idx ON oracle.bundles USING btree (epoch, generation);

create table oracle.certificates (
    operator bytea not null,
    index bigint not null,
    digest bytea not null,
    signatures bytea not null,
    stored_at timestamp with time zone not null default now(),
    constraint certificates_digest_check CHECK ((octet_length(digest) = 32)),
    constraint certificates_pkey PRIMARY KEY (operator, index)
);

create table oracle.lane_conflicts (
    operator bytea not null,
    index bigint not null,
    digest bytea not null,
    header bytea not null,
    signature bytea not null,
    seen_at timestamp with time zone not null default now(),
    constraint lane_conflicts_digest_check CHECK ((octet_length(digest) = 32)),
    constraint lane_conflicts_signature_check CHECK ((octet_length(signature) = 64)),
    constraint lane_conflicts_pkey PRIMARY KEY (operator, index, digest)
);

create table oracle.lanes (
    operator bytea not null,
    height bigint not null default 0,
    digest bytea not null default '\x0000000000000000000000000000000000000000000000000000000000000000'::bytea,
    certified_height bigint not null default 0,
    adopted_height bigint not null default 0,
    constraint lanes_adopted_height_check CHECK ((adopted_height >= 0)),
    constraint lanes_certified_height_check CHECK ((certified_height >= 0)),
    constraint lanes_digest_check CHECK ((octet_length(digest) = 32)),
    constraint lanes_height_check CHECK ((height >= 0)),
    constraint lanes_operator_check CHECK ((octet_length(operator) = 20)),
    constraint lanes_pkey PRIMARY KEY (operator)
);

create table oracle.proofs (
    epoch bigint not null,
    id bytea not null,
    device_id bytea not null,
    class integer not null,
    schema integer not null,
    sequence bigint not null,
    device_time bigint not null,
    received_at bigint not null,
    envelope bytea not null,
    signature bytea not null,
    batch_index bigint,
    constraint proofs_device_id_check CHECK ((octet_length(device_id) = 32)),
    constraint proofs_id_check CHECK ((octet_length(id) = 32)),
    constraint proofs_sequence_check CHECK ((sequence >= 0)),
    constraint proofs_signature_check CHECK ((octet_length(signature) = 64)),
    constraint proofs_pkey PRIMARY KEY (id, epoch)
) partition by RANGE (epoch);
CREATE INDEX proofs_unsealed_idx ON ONLY oracle.proofs USING btree (received_at) WHERE (batch_index IS NULL);

create table oracle.reports (
    digest bytea not null,
    config_digest bytea not null,
    epoch bigint not null,
    generation bigint not null,
    report bytea not null,
    cut bytea not null,
    manifest bytea not null,
    state bytea not null,
    status text not null default 'decided'::text,
    decided_at timestamp with time zone not null default now(),
    constraint reports_config_digest_check CHECK ((octet_length(config_digest) = 32)),
    constraint reports_digest_check CHECK ((octet_length(digest) = 32)),
    constraint reports_report_check CHECK ((octet_length(report) = 348)),
    constraint reports_status_check CHECK ((status = ANY (ARRAY['decided'::text, 'attested'::text, 'accepted'::text, 'final'::text, 'cancelled'::text]))),
    constraint reports_pkey PRIMARY KEY (digest)
);
CREATE INDEX reports_epoch_generation_idx ON oracle.reports USING btree (epoch, generation);

create table oracle.round_conflicts (
    config_digest bytea not null,
    epoch bigint not null,
    generation bigint not null,
    sender smallint not null,
    first_id bytea not null,
    second_id bytea not null,
    first_message bytea not null,
    second_message bytea not null,
    seen_at timestamp with time zone not null default now(),
    constraint round_conflicts_config_digest_check CHECK ((octet_length(config_digest) = 32)),
    constraint round_conflicts_first_id_check CHECK ((octet_length(first_id) = 32)),
    constraint round_conflicts_second_id_check CHECK ((octet_length(second_id) = 32)),
    constraint round_conflicts_pkey PRIMARY KEY (config_digest, epoch, generation, first_id, second_id)
);

create table oracle.round_records (
    config_digest bytea not null,
    epoch bigint not null,
    generation bigint not null,
    position bigint not null generated always as identity,
    kind smallint not null,
    view bigint,
    message_kind smallint,
    record bytea not null,
    stored_at timestamp with time zone not null default now(),
    constraint round_records_config_digest_check CHECK ((octet_length(config_digest) = 32)),
    constraint round_records_pkey PRIMARY KEY (config_digest, epoch, generation, "position")
);
CREATE UNIQUE INDEX round_records_own_idx ON oracle.round_records USING btree (config_digest, epoch, generation, view, message_kind) WHERE ((kind = 1) AND ((message_kind >= 1) AND (message_kind <= 5)));

create sequence oracle.round_records_position_seq;

create table oracle.signed_reports (
    report_key bytea not null,
    config_digest bytea not null,
    epoch bigint not null,
    generation bigint not null,
    digest bytea not null,
    signature bytea,
    signed_at timestamp with time zone not null default now(),
    constraint signed_reports_config_digest_check CHECK ((octet_length(config_digest) = 32)),
    constraint signed_reports_digest_check CHECK ((octet_length(digest) = 32)),
    constraint signed_reports_report_key_check CHECK ((octet_length(report_key) = 20)),
    constraint signed_reports_signature_check CHECK ((octet_length(signature) = 64)),
    constraint signed_reports_pkey PRIMARY KEY (report_key, config_digest, epoch, generation)
);

create table oracle.transmissions (
    id bigint not null generated always as identity,
    purpose text not null,
    epoch bigint not null,
    generation bigint not null,
    subject bytea not null,
    transaction_id text not null,
    raw bytea not null,
    nonce bigint not null,
    status text not null default 'prepared'::text,
    detail text,
    prepared_at timestamp with time zone not null default now(),
    changed_at timestamp with time zone not null default now(),
    constraint transmissions_purpose_check CHECK ((purpose = ANY (ARRAY['attest'::text, 'finalize'::text, 'tree_fault'::text, 'equivocation'::text, 'challenge'::text]))),
    constraint transmissions_status_check CHECK ((status = ANY (ARRAY['prepared'::text, 'sent'::text, 'included'::text, 'finalized'::text, 'reverted'::text, 'expired'::text]))),
    constraint transmissions_subject_check CHECK ((octet_length(subject) = 32)),
    constraint transmissions_pkey PRIMARY KEY (id),
    constraint transmissions_transaction_id_key UNIQUE (transaction_id)
);
CREATE INDEX transmissions_open_idx ON oracle.transmissions USING btree (id) WHERE (status = ANY (ARRAY['prepared'::text, 'sent'::text, 'included'::text]));

create sequence oracle.transmissions_id_seq;

create table oracle.verdicts (
    epoch bigint not null,
    proof_id bytea not null,
    class integer not null,
    judgement smallint not null,
    reason integer not null,
    quality integer not null,
    judged_at timestamp with time zone not null default now(),
    constraint verdicts_proof_id_check CHECK ((octet_length(proof_id) = 32)),
    constraint verdicts_pkey PRIMARY KEY (proof_id, epoch)
) partition by RANGE (epoch);
CREATE INDEX verdicts_epoch_class_judgement_reason_idx ON ONLY oracle.verdicts USING btree (epoch, class, judgement, reason);

CREATE OR REPLACE FUNCTION oracle.drop_epoch(unwanted bigint)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
    execute format('drop table if exists oracle.proofs_%s', unwanted);
    execute format('drop table if exists oracle.verdicts_%s', unwanted);
end
$function$;

CREATE OR REPLACE FUNCTION oracle.ensure_epoch(wanted bigint)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
    if to_regclass(format('oracle.verdicts_%s', wanted)) is not null then return; end if;
    perform pg_advisory_xact_lock(x'6f7261636c65'::bigint); -- 'oracle': two starters do not race
    execute format('create table if not exists oracle.proofs_%s partition of oracle.proofs for values from (%s) to (%s)', wanted, wanted, wanted + 1);
    execute format('create table if not exists oracle.verdicts_%s partition of oracle.verdicts for values from (%s) to (%s)', wanted, wanted, wanted + 1);
end
$function$;
