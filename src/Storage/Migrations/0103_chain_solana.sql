-- Accounts of 32 bytes and transaction names of 64, for networks on Solana. What an EVM chain's rows hold stays as it is. report_key and signer are
-- secp256k1 keys' addresses on both chains.
alter table chain.contracts
    drop constraint contracts_address_check,
    add constraint contracts_address_check check (octet_length(address) in (20, 32));
alter table chain.holders
    drop constraint holders_account_check,
    add constraint holders_account_check check (octet_length(account) in (20, 32));
alter table chain.maker_versions
    drop constraint maker_versions_account_check,
    add constraint maker_versions_account_check check (octet_length(account) in (20, 32));
alter table chain.device_versions
    drop constraint device_versions_owner_check,
    add constraint device_versions_owner_check check (octet_length(owner) in (20, 32));
alter table chain.payout_account_versions
    drop constraint payout_account_versions_account_check,
    add constraint payout_account_versions_account_check check (octet_length(account) in (20, 32)),
    drop constraint payout_account_versions_recipient_check,
    add constraint payout_account_versions_recipient_check check (octet_length(recipient) in (20, 32)),
    drop constraint payout_account_versions_next_recipient_check,
    add constraint payout_account_versions_next_recipient_check check (octet_length(next_recipient) in (20, 32));
alter table chain.pool_versions
    drop constraint pool_versions_provider_check,
    add constraint pool_versions_provider_check check (octet_length(provider) in (20, 32));
alter table chain.stake_versions
    drop constraint stake_versions_provider_check,
    add constraint stake_versions_provider_check check (octet_length(provider) in (20, 32)),
    drop constraint stake_versions_staker_check,
    add constraint stake_versions_staker_check check (octet_length(staker) in (20, 32));
alter table chain.thaw_versions
    drop constraint thaw_versions_provider_check,
    add constraint thaw_versions_provider_check check (octet_length(provider) in (20, 32)),
    drop constraint thaw_versions_staker_check,
    add constraint thaw_versions_staker_check check (octet_length(staker) in (20, 32));
alter table chain.operator_versions
    drop constraint operator_versions_account_check,
    add constraint operator_versions_account_check check (octet_length(account) in (20, 32));
alter table chain.report_versions
    drop constraint report_versions_challenger_check,
    add constraint report_versions_challenger_check check (octet_length(challenger) in (20, 32)),
    drop constraint report_versions_accepted_transaction_check,
    add constraint report_versions_accepted_transaction_check check (octet_length(accepted_transaction) in (32, 64));
alter table chain.claims
    drop constraint claims_account_check,
    add constraint claims_account_check check (octet_length(account) in (20, 32)),
    drop constraint claims_recipient_check,
    add constraint claims_recipient_check check (octet_length(recipient) in (20, 32)),
    drop constraint claims_fee_to_check,
    add constraint claims_fee_to_check check (octet_length(fee_to) in (20, 32));
alter table chain.faults
    drop constraint faults_reporter_check,
    add constraint faults_reporter_check check (octet_length(reporter) in (20, 32));
alter table chain.split_versions
    drop constraint split_versions_accounts_check,
    add constraint split_versions_accounts_check check (octet_length(accounts) in (20 * cardinality(bps), 32 * cardinality(bps)));
alter table chain.logs
    drop constraint logs_transaction_hash_check,
    add constraint logs_transaction_hash_check check (octet_length(transaction_hash) in (32, 64));
