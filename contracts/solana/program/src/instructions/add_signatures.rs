//! Checks signatures of a report and notes who signed. Anyone may send them.

use super::*;
use crate::crypto;

pub fn run(mut call: Call) -> Result {
    let (network_account, _) = call.network()?;
    let (_, config) = call.config(network_account)?;
    let (_, gathered) = call.signatures(network_account)?;
    let bitmap = call.data.u32()?;
    let count = call.data.u32()? as usize;
    let signatures = call.data.take(count * 64)?;
    call.data.end()?;
    // A digest names its config, so what is checked under one config never counts under another.
    require!(same(crypto::Report(&gathered.report).config_digest(), &config.digest), Code::WrongConfig);
    require!(gathered.bitmap & bitmap == 0, Code::AlreadySigned);
    super::attest::check_signatures(config, &gathered.digest, bitmap, signatures)?;
    gathered.bitmap |= bitmap;
    Ok(())
}
