//! Borsh arguments.

use crate::guard::Result;
use depin_interface::{Code, Key};
use core::mem::size_of;

pub struct Reader {
    rest: &'static [u8],
}

impl Reader {
    #[inline(always)]
    pub fn new(bytes: &[u8]) -> Self {
        // The runtime's memory outlives the instruction.
        Self { rest: unsafe { core::slice::from_raw_parts(bytes.as_ptr(), bytes.len()) } }
    }

    /// The next `length` bytes.
    #[inline(always)]
    pub fn take(&mut self, length: usize) -> Result<&'static [u8]> {
        require!(length <= self.rest.len(), Code::BadData);
        let (head, tail) = self.rest.split_at(length);
        self.rest = tail;
        Ok(head)
    }

    /// The next bytes as a packed structure of plain numbers and byte arrays.
    #[inline(always)]
    pub fn plain<T: Plain>(&mut self) -> Result<&'static T> {
        let bytes = self.take(size_of::<T>())?;
        Ok(unsafe { &*(bytes.as_ptr() as *const T) })
    }

    #[inline(always)]
    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    #[inline(always)]
    pub fn u32(&mut self) -> Result<u32> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    #[inline(always)]
    pub fn u64(&mut self) -> Result<u64> {
        let bytes = self.take(8)?;
        Ok(unsafe { (bytes.as_ptr() as *const u64).read_unaligned() })
    }

    #[inline(always)]
    pub fn u128(&mut self) -> Result<u128> {
        let bytes = self.take(16)?;
        Ok(unsafe { (bytes.as_ptr() as *const u128).read_unaligned() })
    }

    #[inline(always)]
    pub fn key(&mut self) -> Result<&'static Key> {
        self.plain::<Key>()
    }

    /// A counted text of at most `most` bytes, so that every client can decode the event that carries it.
    #[inline(always)]
    pub fn text(&mut self, most: usize) -> Result<&'static [u8]> {
        let length = self.u32()? as usize;
        require!(length <= most, Code::BadData);
        let bytes = self.take(length)?;
        require!(core::str::from_utf8(bytes).is_ok(), Code::BadData);
        Ok(bytes)
    }

    /// A counted list of 32-byte nodes.
    #[inline(always)]
    pub fn proof(&mut self) -> Result<&'static [u8]> {
        let count = self.u32()? as usize;
        self.take(count * 32)
    }

    /// Nothing may follow the last argument.
    #[inline(always)]
    pub fn end(&self) -> Result {
        require!(self.rest.is_empty(), Code::BadData);
        Ok(())
    }
}

/// # Safety
/// Packed (alignment 1) and valid for every bit pattern.
pub unsafe trait Plain {}
unsafe impl Plain for Key {}
unsafe impl Plain for [u8; 20] {}
unsafe impl Plain for [u8; depin_interface::REPORT_LENGTH] {}
unsafe impl Plain for depin_interface::instructions::Parameters {}
unsafe impl Plain for depin_interface::instructions::Leaf {}
unsafe impl Plain for depin_interface::instructions::RegistrationFields {}
unsafe impl Plain for depin_interface::instructions::MakerSettings {}
unsafe impl Plain for depin_interface::instructions::ModelSettings {}
unsafe impl Plain for depin_interface::instructions::StakingSettings {}
