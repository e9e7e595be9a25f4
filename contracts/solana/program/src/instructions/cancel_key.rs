//! The owner gives up a key that waits. The key stays used.

use super::*;

pub fn run(mut call: Call) -> Result {
    let owner = call.signer()?;
    let (network_account, _) = call.network()?;
    let (_, device) = call.own_device(network_account, owner)?;
    call.data.end()?;
    require!(device.ready_at != 0, Code::RotationNotReady);
    drop_rotation(network_account, device);
    Ok(())
}
