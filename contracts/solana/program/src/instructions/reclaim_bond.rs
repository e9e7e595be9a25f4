//! Returns the bond of a challenge whose report is void. Anyone may send it; it goes to the challenger.

use super::*;
use crate::{events, token};

pub fn run(mut call: Call) -> Result {
    let (network_account, network) = call.network()?;
    let ledger = call.ledger_to_read(network)?;
    let (challenge_account, challenge) = call.state_mut::<Challenge>()?;
    let challenger = call.any()?;
    let bonds = call.at(&network.bonds)?;
    let to = call.any()?;
    let token_program = call.token_program(network)?;
    call.data.end()?;
    require!(same(&challenge.network, network_account.key()), Code::WrongAccount);
    require!(same(&challenge.challenger, challenger.key()) && challenger.is_writable(), Code::WrongAccount);
    require!(token::check_recipient(network, to, challenger.key())?, Code::BadRecipient);
    // A final report's challenge is closed with it, so this one's report is open or void. A void report's digest can never be accepted
    // again: the generation is part of it.
    let (epoch, digest) = (challenge.epoch, challenge.digest);
    let stands = epoch <= ledger.last_epoch && same(&ledger.reports[slot(epoch)].digest, &digest);
    require!(!stands, Code::ReportStands);
    challenge_account.close(challenger);
    token::Purse { program: token_program, authority: network_account, network }.push(bonds, to, network.challenge_bond);
    events::emit(network_account, ChallengeSettled {
        network: *network_account.key(),
        epoch,
        digest,
        challenger: *challenger.key(),
        bond: network.challenge_bond,
        returned: 1,
    });
    Ok(())
}
