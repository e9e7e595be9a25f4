//! Pays out what is left of a thaw that is over.

use super::*;
use crate::{events, token};

pub fn run(mut call: Call) -> Result {
    let staker = call.signer()?;
    let (network_account, network) = call.network()?;
    let mut stake = call.stake(network_account, staker)?;
    let bonds = call.at(&network.bonds)?;
    let to = call.any()?;
    let token_program = call.token_program(network)?;
    let thaw_id = call.data.u32()?;
    call.data.end()?;
    let at = stake.find(thaw_id)?;
    require!(syscalls::now()? >= stake.position.thaws[at].ready_at, Code::ThawNotReady);
    let tokens = stake.take(at)?;
    token::Purse { program: token_program, authority: network_account, network }.push(bonds, to, tokens);
    events::emit(network_account, StakeWithdrawn { network: *network_account.key(), provider: stake.pool.provider, staker: *staker.key(), thaw_id, tokens });
    Ok(())
}
