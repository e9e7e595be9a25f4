//! Writes arguments that exceed a transaction into the writer's own buffer, which the first write makes.

use super::*;
use crate::account::Maker;
use crate::data::Reader;
use core::mem::size_of;

/// Most bytes of a buffer.
const MOST: usize = 8_192;

pub fn run(mut call: Call) -> Result {
    let writer = call.signer()?;
    let account = call.any()?;
    call.system_program()?;
    let total = call.data.u32()? as usize;
    let offset = call.data.u32()? as usize;
    let length = call.data.u32()? as usize;
    let bytes = call.data.take(length)?;
    call.data.end()?;
    require!(total <= MOST && offset <= total && length <= total - offset, Code::BadData);
    if account.length() == 0 {
        let maker = Maker { payer: writer, program: call.program };
        maker.make(account, [seed(seeds::BUFFER), seed(writer.key()), spare()], size_of::<Buffer>() + total, call.program)?;
        let buffer: &mut Buffer = account.fresh();
        buffer.writer = *writer.key();
        buffer.length = total as u32;
    }
    let buffer: &mut Buffer = account.load_mut(call.program)?;
    require!(same(&buffer.writer, writer.key()), Code::NotAuthorized);
    require!(buffer.length as usize == total, Code::BadData);
    unsafe { syscalls::copy((buffer as *mut Buffer as *mut u8).add(size_of::<Buffer>() + offset), bytes.as_ptr(), length) }
    Ok(())
}

/// The arguments in the next account, which must be `writer`'s buffer.
pub fn read(call: &mut Call, writer: Account) -> Result<Reader> {
    let (account, buffer) = call.state::<Buffer>()?;
    require!(same(&buffer.writer, writer.key()), Code::NotAuthorized);
    Ok(Reader::new(&account.bytes()[size_of::<Buffer>()..]))
}
