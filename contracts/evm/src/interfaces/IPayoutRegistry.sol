// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Gives each payout account a permanent, dense, 0-based index: its place in the reward tree.
interface IPayoutRegistry {
    error NotRegistrar(address caller);
    error UnknownAccount(address account);
    error UnknownIndex(uint32 index);
    error ZeroAddress();
    /// @notice No recipient change is waiting, or it waits until `readyAt`.
    error RecipientNotReady(uint64 readyAt);

    event IndexAssigned(address indexed account, uint32 indexed index);
    event RecipientScheduled(address indexed account, address recipient, uint64 readyAt);
    event RecipientChanged(address indexed account, address recipient);

    /// @notice Assigns the next index unless the account has one; returns its index. Only registrars: an index comes with a paid action.
    function ensure(address account) external returns (uint32 index);
    function count() external view returns (uint32);
    function indexOf(address account) external view returns (uint32);
    function isRegistered(address account) external view returns (bool);
    function accountAt(uint32 index) external view returns (address);
    /// @notice Where claims of `account` are paid: itself unless it chose another.
    function recipientOf(address account) external view returns (address);
    /// @notice Schedules the caller's new recipient, effective by `applyRecipient` after RECIPIENT_DELAY seconds.
    function scheduleRecipient(address recipient) external;
    function applyRecipient(address account) external;
}
