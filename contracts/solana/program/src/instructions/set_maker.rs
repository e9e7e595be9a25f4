//! The owner adds or changes a maker. Lowering the quota never touches devices that are registered.

use super::*;
use crate::account::Maker;
use crate::events;
use depin_interface::instructions::MakerSettings;
use core::mem::size_of;

pub fn run(mut call: Call) -> Result {
    let owner = call.signer()?;
    let payer = call.signer()?;
    let (network_account, network) = call.network()?;
    let maker_account = call.any()?;
    call.system_program()?;
    let s = *call.data.plain::<MakerSettings>()?;
    call.data.end()?;
    require!(same(&network.owner, owner.key()), Code::NotAuthorized);
    require!(s.maker_id != 0 && !same(&s.account, &SYSTEM), Code::ZeroKey);
    require!(s.active <= 1, Code::BadData);
    let (key, id) = (network_account.key(), s.maker_id.to_le_bytes());
    if maker_account.length() == 0 {
        Maker { payer, program: call.program }.make(maker_account, [seed(seeds::MAKER), seed(key), seed(&id), spare()], size_of::<DeviceMaker>(), call.program)?;
        let maker: &mut DeviceMaker = maker_account.fresh();
        maker.network = *key;
        maker.maker_id = s.maker_id;
    }
    let maker: &mut DeviceMaker = maker_account.load_mut(call.program)?;
    require!(same(&maker.network, key), Code::WrongAccount);
    require!(maker.maker_id == s.maker_id, Code::WrongAccount);
    maker.account = s.account;
    maker.approver = s.approver;
    maker.quota = s.quota;
    maker.active = s.active;
    events::emit(network_account, MakerSet { network: *key, maker_id: s.maker_id, account: s.account, approver: s.approver, quota: s.quota, active: s.active });
    Ok(())
}
