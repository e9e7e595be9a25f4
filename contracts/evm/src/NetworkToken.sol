// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {INetworkToken} from "./interfaces/INetworkToken.sol";

/// @title The rules are those of INetworkToken.
contract NetworkToken is INetworkToken, ERC20Permit {
    uint256 public immutable override cap;
    address public immutable override minter;
    uint256 public override grossMinted;
    uint8 private immutable DECIMALS;

    constructor(
        string memory name_,
        string memory symbol_,
        uint8 decimals_,
        uint256 cap_,
        address minter_,
        Allocation[] memory genesis
    ) ERC20(name_, symbol_) ERC20Permit(name_) {
        if (cap_ > type(uint112).max) revert CapTooLarge(cap_, type(uint112).max);
        DECIMALS = decimals_;
        cap = cap_;
        minter = minter_;
        for (uint256 i = 0; i < genesis.length; ++i) {
            _mintWithinCap(genesis[i].account, genesis[i].amount, cap_);
        }
    }

    /// @inheritdoc INetworkToken
    function mint(address to, uint256 amount) external override {
        if (msg.sender != minter) revert NotMinter(msg.sender);
        _mintWithinCap(to, amount, cap);
    }

    /// @inheritdoc INetworkToken
    function burn(uint256 amount) external override {
        _burn(msg.sender, amount);
    }

    /// @notice Decimal places of one whole token.
    function decimals() public view override returns (uint8) {
        return DECIMALS;
    }

    function _mintWithinCap(address to, uint256 amount, uint256 limit) private {
        uint256 minted = grossMinted;
        // A cap of 112 bits: the difference cannot underflow because minted never exceeds it.
        if (amount > limit - minted) revert CapExceeded(minted, amount, limit);
        grossMinted = minted + amount;
        _mint(to, amount);
    }
}
