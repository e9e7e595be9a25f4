//! Accepts the next epoch's report on exactly q gathered signatures, and returns the rent of their place. Anyone may send it.

use super::*;
use crate::crypto;

pub fn run(mut call: Call) -> Result {
    let (network_account, network) = call.network()?;
    let ledger = call.ledger(network)?;
    let (_, config) = call.config(network_account)?;
    let (account, gathered) = call.signatures(network_account)?;
    let payer = call.any()?;
    call.data.end()?;
    require!(same(payer.key(), &gathered.payer) && payer.is_writable(), Code::WrongAccount);
    let (bytes, digest, bitmap) = (gathered.report, gathered.digest, gathered.bitmap);
    let report = crypto::Report(&bytes);
    super::attest::check(network, ledger, config, &report)?;
    require!(bitmap.count_ones() == config.q as u32, Code::WrongSignerCount);
    account.close(payer);
    super::attest::accept(network_account, network, ledger, &report, digest, bitmap)
}
