// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IPayoutRegistry} from "./interfaces/IPayoutRegistry.sol";

/// @title The rules are those of IPayoutRegistry.
contract PayoutRegistry is IPayoutRegistry {
    address public immutable DEVICE_REGISTRY;
    address public immutable PROVIDER_STAKING;
    /// @notice Seconds between asking for another recipient and its taking effect.
    uint64 public immutable RECIPIENT_DELAY;

    struct Pending {
        address recipient;
        uint64 readyAt;
    }

    address[] private _accounts;
    mapping(address account => uint32 indexPlusOne) private _indexPlusOne;
    mapping(address account => address recipient) private _recipients;
    mapping(address account => Pending) private _pending;

    constructor(address deviceRegistry, address providerStaking, uint64 recipientDelay) {
        DEVICE_REGISTRY = deviceRegistry;
        PROVIDER_STAKING = providerStaking;
        RECIPIENT_DELAY = recipientDelay;
    }

    /// @inheritdoc IPayoutRegistry
    function ensure(address account) external override returns (uint32 index) {
        if (msg.sender != DEVICE_REGISTRY && msg.sender != PROVIDER_STAKING) revert NotRegistrar(msg.sender);
        if (account == address(0)) revert ZeroAddress();
        uint32 plusOne = _indexPlusOne[account];
        if (plusOne != 0) return plusOne - 1;
        // Four billion paid registrations do not happen; a checked cast would only cost gas.
        index = uint32(_accounts.length);
        _accounts.push(account);
        _indexPlusOne[account] = index + 1;
        emit IndexAssigned(account, index);
    }

    /// @inheritdoc IPayoutRegistry
    function scheduleRecipient(address recipient) external override {
        if (_indexPlusOne[msg.sender] == 0) revert UnknownAccount(msg.sender);
        if (recipient == address(0)) revert ZeroAddress();
        uint64 readyAt = uint64(block.timestamp) + RECIPIENT_DELAY;
        _pending[msg.sender] = Pending(recipient, readyAt);
        emit RecipientScheduled(msg.sender, recipient, readyAt);
    }

    /// @inheritdoc IPayoutRegistry
    function applyRecipient(address account) external override {
        Pending memory pending = _pending[account];
        if (pending.readyAt == 0 || block.timestamp < pending.readyAt) revert RecipientNotReady(pending.readyAt);
        delete _pending[account];
        _recipients[account] = pending.recipient;
        emit RecipientChanged(account, pending.recipient);
    }

    /// @inheritdoc IPayoutRegistry
    function count() external view override returns (uint32) {
        return uint32(_accounts.length);
    }

    /// @inheritdoc IPayoutRegistry
    function indexOf(address account) external view override returns (uint32) {
        uint32 plusOne = _indexPlusOne[account];
        if (plusOne == 0) revert UnknownAccount(account);
        return plusOne - 1;
    }

    /// @inheritdoc IPayoutRegistry
    function isRegistered(address account) external view override returns (bool) {
        return _indexPlusOne[account] != 0;
    }

    /// @inheritdoc IPayoutRegistry
    function accountAt(uint32 index) external view override returns (address) {
        if (index >= _accounts.length) revert UnknownIndex(index);
        return _accounts[index];
    }

    /// @inheritdoc IPayoutRegistry
    function recipientOf(address account) external view override returns (address) {
        address recipient = _recipients[account];
        return recipient == address(0) ? account : recipient;
    }
}
