// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title An owner (a timelock in production) that can only be handed over in two steps.
interface IOwned {
    /// @notice The caller is not the owner, or not the one the ownership was offered to.
    error NotOwner(address caller);

    event OwnershipOffered(address indexed owner, address indexed pendingOwner);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    function owner() external view returns (address);
    /// @notice Who may accept the ownership; zero when it is not on offer.
    function pendingOwner() external view returns (address);
    /// @notice Offers the ownership. Zero withdraws the offer. Only the owner.
    function offerOwnership(address newOwner) external;
    /// @notice Takes the ownership on offer. Only the pending owner.
    function acceptOwnership() external;
}
