//! Gives an account the next payout index, for ever. Who asks pays the rent; the index belongs to the account.

use super::*;
use crate::account::Maker;
use crate::events;
use depin_interface::PAGE_SLOTS;
use core::mem::size_of;

pub fn run(mut call: Call) -> Result {
    let payer = call.signer()?;
    let (network_account, network) = call.network()?;
    let ledger = call.ledger(network)?;
    let payout_account = call.any()?;
    let page_account = call.any()?;
    call.system_program()?;
    let account = *call.data.key()?;
    call.data.end()?;

    require!(!same(&account, &SYSTEM), Code::ZeroKey);
    let (key, index) = (network_account.key(), ledger.payout_count);
    require!(index < u32::MAX, Code::Overflow);
    let maker = Maker { payer, program: call.program };
    maker.make(payout_account, [seed(seeds::PAYOUT), seed(key), seed(&account), spare()], size_of::<Payout>(), call.program)?;
    let payout: &mut Payout = payout_account.fresh();
    payout.network = *key;
    payout.account = account;
    payout.index = index;
    payout.recipient = account;
    ledger.payout_count = index + 1;

    // Whoever opens the first slot of a page makes the page; pages are never closed.
    if index as usize % PAGE_SLOTS == 0 {
        let number = index / PAGE_SLOTS as u32;
        let counted = number.to_le_bytes();
        maker.make(page_account, [seed(seeds::PAGE), seed(key), seed(&counted), spare()], size_of::<Page>(), call.program)?;
        let page: &mut Page = page_account.fresh();
        page.network = *key;
        page.number = number;
    }
    events::emit(network_account, IndexAssigned { network: *key, account, index });
    Ok(())
}
