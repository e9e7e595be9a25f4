// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title One share pool a provider: deposits, delegation, thawing stake that stays slashable.
interface IProviderStaking {
    struct Pool {
        uint128 tokens; // active
        uint128 shares;
        uint128 thawingTokens;
        uint128 thawingShares;
        uint128 selfShares;
        uint64 generation; // rises when a pool is slashed to nothing; older thaws pay 0
    }

    struct Thaw {
        uint128 shares;
        uint64 readyAt;
        uint64 generation;
    }

    error NotSlasher(address caller);
    error ZeroAmount();
    error BelowMinimum(uint256 amount, uint256 minimum);
    error Slippage(uint256 got, uint256 minimum);
    /// @notice Delegations may be at most DELEGATION_RATIO times the provider's own stake.
    error RatioExceeded(uint256 delegated, uint256 limit);
    error TooManyThaws(uint256 limit);
    error ThawNotReady(uint64 readyAt);
    error UnknownThaw(uint256 thawId);
    error InsufficientShares(uint256 have, uint256 asked);
    /// @notice A pool's active and thawing stake together may be at most POOL_CAP.
    error CapExceeded(uint256 tokens, uint256 cap);
    /// @notice A constructor value is out of its hard bounds.
    error BadParameter();

    event Deposited(address indexed provider, address indexed staker, uint256 tokens, uint256 shares);
    event ThawRequested(
        address indexed provider,
        address indexed staker,
        uint256 indexed thawId,
        uint256 shares,
        uint256 tokens,
        uint256 thawShares,
        uint64 readyAt
    );
    event ThawCancelled(
        address indexed provider, address indexed staker, uint256 indexed thawId, uint256 tokens, uint256 shares
    );
    event Withdrawn(address indexed provider, address indexed staker, uint256 indexed thawId, uint256 tokens);
    event Slashed(address indexed provider, uint256 active, uint256 thawing, bytes32 reason);
    event PoolReset(address indexed provider, uint64 generation);

    /// @notice Deposits `tokens` into `provider`'s pool; the provider itself or a delegator. Assigns the provider a payout index.
    function deposit(address provider, uint128 tokens, uint128 minShares) external returns (uint128 shares);
    function requestThaw(address provider, uint128 shares, uint128 minTokens) external returns (uint256 thawId);
    function cancelThaw(address provider, uint256 thawId, uint128 minShares) external returns (uint128 shares);
    function withdraw(address provider, uint256 thawId) external returns (uint128 tokens);
    /// @notice Burns `ppm` millionths of active and thawing stake alike, O(1), never reverting on an empty pool. Only the slasher.
    /// 1,000,000 and more takes everything and voids shares and thaws; less leaves at least a millionth of what the shares once cost, so that prices stay in range.
    function slash(address provider, uint32 ppm, bytes32 reason) external returns (uint128 burned);
    function pool(address provider) external view returns (Pool memory);
    function sharesOf(address provider, address staker) external view returns (uint128);
    function thaw(address provider, address staker, uint256 thawId) external view returns (Thaw memory);
    /// @notice The provider's active stake, own and delegated, in base units.
    function stakeOf(address provider) external view returns (uint128);
}
