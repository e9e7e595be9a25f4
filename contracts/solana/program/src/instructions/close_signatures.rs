//! Gives up a place for signatures and returns its rent to who opened it.

use super::*;

pub fn run(mut call: Call) -> Result {
    let payer = call.signer()?;
    let (network_account, _) = call.network()?;
    let (account, gathered) = call.signatures(network_account)?;
    call.data.end()?;
    require!(same(payer.key(), &gathered.payer), Code::NotAuthorized);
    require!(payer.is_writable(), Code::NotWritable);
    account.close(payer);
    Ok(())
}
