// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title The network's token: capped ERC-20 with permit, no hooks, no votes, one minter.
interface INetworkToken is IERC20 {
    /// @notice One line of the genesis allocation.
    struct Allocation {
        address account;
        uint256 amount;
    }

    /// @notice The caller is not the minter.
    error NotMinter(address caller);
    /// @notice Minting `amount` would lift what was ever minted above the cap. Burning frees no room.
    error CapExceeded(uint256 minted, uint256 amount, uint256 cap);
    /// @notice The cap must fit 112 bits, so that sums of amounts pack into one word.
    error CapTooLarge(uint256 cap, uint256 limit);

    /// @notice The most that can ever be minted, genesis allocation included, in base units.
    function cap() external view returns (uint256);
    /// @notice All that was ever minted, in base units.
    function grossMinted() external view returns (uint256);
    /// @notice The one account that may mint: the EmissionController. Immutable.
    function minter() external view returns (address);
    /// @notice Mints `amount` base units to `to`. Only the minter.
    function mint(address to, uint256 amount) external;
    /// @notice Burns `amount` base units of the caller's.
    function burn(uint256 amount) external;
}
