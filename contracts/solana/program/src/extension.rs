//! Extensions of Token-2022: what may hang on a network's mint and on a receiver's token account. Behind the base state, which fills 165 bytes,
//! stand the kind of account (one byte) and entries of type, length (two bytes each) and value; behind the last one nothing but zeros.

use crate::guard::Result;
use depin_interface::Code;

/// Where the kind of account stands: as long as a token account without extensions.
const BASE: usize = 165;
/// No mint and no token account is ever so long: several signers' account is, and nothing in it says what it is.
const MULTISIG_LENGTH: usize = 355;
/// Bytes of an entry before its value.
const HEAD: usize = 4;
const MINT: u8 = 1;
const ACCOUNT: u8 = 2;

const IMMUTABLE_OWNER: u16 = 7;
const MEMO_TRANSFER: u16 = 8;
const CPI_GUARD: u16 = 11;
const METADATA_POINTER: u16 = 18;
const TOKEN_GROUP_MEMBER: u16 = 23;

/// Refuses a mint unless each of its extensions only describes the token: metadata, groups, and where these stand. Every other type can move, freeze,
/// tax, hide, stop or re-make what the program holds, or is one that nobody knows yet: the table in contracts/solana/README.md.
pub fn check_mint(data: &'static [u8], base: usize) -> Result {
    let entries = Entries::of(data, MINT, Code::BadMint)?;
    require!(data[base..BASE].iter().all(|b| *b == 0), Code::BadMint);
    entries.each(|kind, _| (METADATA_POINTER..=TOKEN_GROUP_MEMBER).contains(&kind))
}

/// Whether a token account with extensions takes tokens from anyone: not if its owner asks for a memo with each transfer. Refuses extensions that
/// its mint, which has none of theirs, cannot bring about.
pub fn takes_tokens(data: &'static [u8]) -> Result<bool> {
    let mut memo = false;
    Entries::of(data, ACCOUNT, Code::BadRecipient)?.each(|kind, value| match kind {
        IMMUTABLE_OWNER | CPI_GUARD => true,
        MEMO_TRANSFER => {
            memo = value.iter().any(|b| *b != 0);
            true
        }
        _ => false,
    })?;
    Ok(!memo)
}

struct Entries {
    data: &'static [u8],
    refusal: Code,
}

impl Entries {
    fn of(data: &'static [u8], kind: u8, refusal: Code) -> Result<Self> {
        require!(data.len() > BASE && data.len() != MULTISIG_LENGTH, refusal);
        require!(data[BASE] == kind, refusal);
        Ok(Self { data, refusal })
    }

    /// Refuses unless `allows` holds for type and value of each.
    #[inline(always)]
    fn each(&self, mut allows: impl FnMut(u16, &[u8]) -> bool) -> Result {
        let mut rest = &self.data[BASE + 1..];
        while rest.len() >= HEAD && (rest[0] | rest[1]) != 0 {
            let kind = u16::from_le_bytes([rest[0], rest[1]]);
            let length = u16::from_le_bytes([rest[2], rest[3]]) as usize;
            require!(length <= rest.len() - HEAD, self.refusal);
            require!(allows(kind, &rest[HEAD..HEAD + length]), self.refusal);
            rest = &rest[HEAD + length..];
        }
        require!(rest.iter().all(|b| *b == 0), self.refusal);
        Ok(())
    }
}
