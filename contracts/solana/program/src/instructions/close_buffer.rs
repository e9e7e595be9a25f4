//! Closes the writer's buffer and returns its rent.

use super::*;

pub fn run(mut call: Call) -> Result {
    let writer = call.signer()?;
    let (account, buffer) = call.state_mut::<Buffer>()?;
    call.data.end()?;
    require!(same(&buffer.writer, writer.key()), Code::NotAuthorized);
    require!(writer.is_writable(), Code::NotWritable);
    account.close(writer);
    Ok(())
}
