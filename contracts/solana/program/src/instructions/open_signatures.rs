//! Opens a place in which the signatures of a report are gathered, for sets whose quorum exceeds a transaction. Anyone may.

use super::*;
use crate::account::Maker;
use crate::crypto;
use depin_interface::REPORT_LENGTH;
use core::mem::size_of;

pub fn run(mut call: Call) -> Result {
    let payer = call.signer()?;
    let (network_account, _) = call.network()?;
    let account = call.any()?;
    call.system_program()?;
    let bytes = call.data.plain::<[u8; REPORT_LENGTH]>()?;
    call.data.end()?;
    let digest = crypto::Report::read(bytes)?.digest();
    let maker = Maker { payer, program: call.program };
    let key = network_account.key();
    // The payer is among the seeds, so nobody can occupy the place of another.
    maker.make(account, [seed(seeds::SIGNATURES), seed(key), seed(&digest), seed(payer.key()), spare()], size_of::<Signatures>(), call.program)?;
    let signatures: &mut Signatures = account.fresh();
    signatures.network = *key;
    signatures.payer = *payer.key();
    signatures.digest = digest;
    signatures.report = *bytes;
    Ok(())
}
