// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOwned} from "./interfaces/IOwned.sol";

/// @title The rules are those of IOwned.
abstract contract Owned is IOwned {
    address public override owner;
    address public override pendingOwner;

    constructor(address initialOwner) {
        if (initialOwner == address(0)) revert NotOwner(address(0));
        owner = initialOwner;
        emit OwnershipTransferred(address(0), initialOwner);
    }

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    /// @inheritdoc IOwned
    function offerOwnership(address newOwner) external override onlyOwner {
        pendingOwner = newOwner;
        emit OwnershipOffered(msg.sender, newOwner);
    }

    /// @inheritdoc IOwned
    function acceptOwnership() external override {
        if (msg.sender != pendingOwner) revert NotOwner(msg.sender);
        emit OwnershipTransferred(owner, msg.sender);
        owner = msg.sender;
        pendingOwner = address(0);
    }
}
