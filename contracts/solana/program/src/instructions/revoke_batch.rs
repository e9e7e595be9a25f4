//! Blocks devices of a batch that are not registered yet. The maker, active or not, and the owner: revoking only ever tightens.

use super::*;
use crate::events;

pub fn run(mut call: Call) -> Result {
    let sender = call.signer()?;
    let (network_account, network) = call.network()?;
    let maker = call.maker(network_account)?;
    let (_, batch) = call.state_mut::<DeviceBatch>()?;
    call.data.end()?;
    require!(same(&batch.network, network_account.key()), Code::WrongAccount);
    require!(batch.maker_id == maker.maker_id, Code::WrongAccount);
    require!(same(sender.key(), &maker.account) || same(sender.key(), &network.owner), Code::NotMaker);
    require!(batch.revoked == 0, Code::BatchClosed);
    batch.revoked = 1;
    events::emit(network_account, BatchRevoked { network: *network_account.key(), batch_id: batch.batch_id });
    Ok(())
}
