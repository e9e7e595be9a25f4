//! Why an instruction is refused. The number is 6000 plus the position and never changes.

macro_rules! codes {
    ($($number:literal $name:ident $text:literal)*) => {
        /// A refusal. `text` is its name and what it means.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u32)]
        pub enum Code { $($name = $number,)* }

        impl Code {
            /// The line that Anchor's clients read.
            pub const fn line(self) -> &'static str {
                match self { $(Code::$name => concat!(
                    "AnchorError occurred. Error Code: ", stringify!($name), ". Error Number: ", stringify!($number), ". Error Message: ", $text, "."),)* }
            }
        }
    };
}

codes! {
    6000 UnknownInstruction "The data begins with no instruction of this program"
    6001 BadData "The instruction's data is too short, too long or out of its bounds"
    6002 TooFewAccounts "An account is missing"
    6003 NotSigner "An account that must sign did not"
    6004 NotWritable "An account that changes is not writable"
    6005 WrongOwner "An account belongs to another program"
    6006 WrongAccount "An account is of another kind or of another network"
    6007 WrongAddress "An account is not at the address that its seeds give"
    6008 AlreadyExists "An account that is made here exists"
    6009 WrongProgram "A program that is called is not the one it must be"
    6010 BadParameter "A parameter is out of its hard bounds"
    6011 BadMint "The mint is not a usable one: authority, freeze authority, decimals, supply or an extension"
    6012 NotAuthorized "The signer may not do this"
    6013 Overflow "An amount exceeds its type"
    6014 ScheduleExceedsCap "The emission of all time does not fit beside the supply"
    6015 ZeroKey "A key is zero"
    6016 BondTooLow "The bond is below the minimum"
    6017 OperatorSlashed "The operator was slashed"
    6018 OperatorExiting "The operator's bond is leaving"
    6019 BondLocked "The bond stays until the last epoch its operator could sign is final and the thaw is over"
    6020 BadSetSize "A set has 3f + 1 operators, from 4 to 31"
    6021 NotAscending "Report keys must ascend strictly"
    6022 EpochStarted "A config starts at an epoch that has not started, after the config before it"
    6023 TooManyConfigs "Too many configs wait; finalize first"
    6024 RecoveryNotAllowed "There was neither silence for long enough nor a second cancellation"
    6025 BadTag "The report's tag is not that of a report"
    6026 WrongConfig "The config is not the one in force"
    6027 WrongGeneration "The report is of another generation"
    6028 EpochNotNext "The report is not of the next epoch"
    6029 WrongPeriod "The report's period is not its epoch's"
    6030 PeriodNotOver "The epoch's period is not over"
    6031 WrongParent "The report does not follow the last accepted one"
    6032 TotalDecreased "The cumulative total is below the parent's"
    6033 NotBudget "What is paid and what is unallocated are not the epoch's budget"
    6034 WrongLeafCount "Below the parent's, above the number of payout accounts, or zero with a total"
    6035 EmptyRoot "The rewards root is zero exactly where the leaf count is"
    6036 WrongSignerCount "Not exactly q signatures"
    6037 UnknownSigner "The bitmap names a signer that the set does not have"
    6038 BadSignature "A signature is not its signer's, or its s is high"
    6039 RingFull "Too many reports are open; finalize first"
    6040 WrongStatus "No report of that epoch is open"
    6041 WindowOpen "The challenge window is open"
    6042 WindowClosed "The challenge window is closed"
    6043 NotInOrder "Reports become final in order"
    6044 AlreadyChallenged "The report is challenged already"
    6045 ReportStands "The challenged report is not void"
    6046 UnknownRoot "The root is neither the current nor the previous one"
    6047 BadProof "The leaf is not in the tree at its index"
    6048 NothingToClaim "All of it was claimed before"
    6049 BreakerExhausted "The breaker has no room left for this caller"
    6050 CapacityOutOfBounds "The breaker's capacity moves within its hard bounds"
    6051 BadRecipient "The token account is not a clean one of the recipient's"
    6052 RecipientNotReady "No other recipient waits, or it waits still"
    6053 NoFault "The leaves prove no fault"
    6054 NotEquivocation "The reports are not two of one config, epoch and generation"
    6055 NotMember "The signer is no member of that config"
    6056 AlreadySigned "That signer's signature was counted before"
    6057 TooManyAccounts "More accounts than an instruction takes"
    6058 BadClock "The cluster's clock is not usable"
    6059 NotMaker "The account is not the maker's"
    6060 MakerInactive "The maker is not active"
    6061 QuotaExceeded "The maker has registered as many devices as it may"
    6062 BatchClosed "The batch is revoked"
    6063 BatchExhausted "All devices of the batch are registered"
    6064 NotInBatch "The device with this model is not in the batch"
    6065 BadKey "A device's key is a point of its curve in 64 bytes, or 32 bytes for Ed25519"
    6066 BadDeviceSignature "The device did not sign this; P-256 and Ed25519 are checked by the runtime's program in the instruction directly before"
    6067 BadMakerSignature "The maker's account did not sign the transaction, nor its approval key the registration"
    6068 NonceMismatch "The nonce of a key that was never used is 0"
    6069 Expired "The deadline is over"
    6070 NotDeviceOwner "The account is not the device's owner"
    6071 WrongDeviceStatus "The device's status does not allow that"
    6072 RotationNotReady "No other key waits, or it waits still"
    6073 WrongRegistration "Owner, model or batch are not those of the device"
    6074 NoPayout "The owner has no payout index yet: send open_payout for it first"
    6075 ZeroAmount "The amount is zero or gives no share"
    6076 BelowMinimum "The deposit is below the minimum"
    6077 Slippage "The price moved: less comes out than was asked for at least"
    6078 RatioExceeded "More is delegated than the provider's own stake allows"
    6079 TooManyThaws "Too many thaws are open: withdraw or cancel one first"
    6080 ThawNotReady "The thaw is not over"
    6081 UnknownThaw "No thaw of that number is open"
    6082 InsufficientShares "The staker has fewer shares"
    6083 CapExceeded "The pool would hold more than it may"
    6084 NotSlasher "The account may not slash"
}
