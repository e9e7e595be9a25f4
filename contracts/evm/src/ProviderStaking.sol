// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {INetworkToken} from "./interfaces/INetworkToken.sol";
import {IPayoutRegistry} from "./interfaces/IPayoutRegistry.sol";
import {IProviderStaking} from "./interfaces/IProviderStaking.sol";

/// @title The rules are those of IProviderStaking.
/// @dev Shares and tokens convert against a pool that carries VIRTUAL_SHARES shares and one token of nobody's, rounded against
/// the staker. Pools count what was deposited, never a balance, so that a donation moves no price.
contract ProviderStaking is IProviderStaking {
    using SafeERC20 for INetworkToken;
    using SafeCast for uint256;

    uint256 private constant VIRTUAL_SHARES = 1000;
    uint256 private constant VIRTUAL_TOKENS = 1;
    uint256 private constant WHOLE_PPM = 1_000_000;
    /// @dev Partial slashes leave at least one token per so many shares, a millionth of the first price. With a pool's cap below
    /// 2^96 shares then always fit 128 bits, and no exit can fail for an overflow.
    uint256 private constant MAX_SHARES_PER_TOKEN = VIRTUAL_SHARES * 1_000_000;

    INetworkToken public immutable TOKEN;
    IPayoutRegistry public immutable PAYOUTS;
    /// @notice The one account that may slash.
    address public immutable SLASHER;
    /// @notice Least deposit, in base units.
    uint128 public immutable MIN_DEPOSIT;
    /// @notice Most stake of a pool, active and thawing, in base units.
    uint128 public immutable POOL_CAP;
    /// @notice Seconds between asking for stake and getting it.
    uint64 public immutable THAW_PERIOD;
    /// @notice Most delegated stake per unit of the provider's own.
    uint32 public immutable DELEGATION_RATIO;
    /// @notice Most open thaws of a staker in a pool.
    uint32 public immutable MAX_THAWS;

    struct Settings {
        uint128 minDeposit;
        uint128 poolCap;
        uint64 thawPeriod;
        uint32 delegationRatio;
        uint32 maxThaws;
    }

    /// @dev A staker's place in a pool.
    struct Position {
        uint128 shares;
        uint64 generation;
        uint32 openThaws;
        uint32 nextThaw;
    }

    mapping(address provider => Pool) private _pools;
    mapping(address provider => mapping(address staker => Position)) private _positions;
    mapping(address provider => mapping(address staker => mapping(uint256 thawId => Thaw))) private _thaws;

    constructor(INetworkToken token, IPayoutRegistry payouts, address slasher, Settings memory settings) {
        if (settings.minDeposit == 0 || settings.poolCap > type(uint96).max || settings.maxThaws == 0) {
            revert BadParameter();
        }
        TOKEN = token;
        PAYOUTS = payouts;
        SLASHER = slasher;
        MIN_DEPOSIT = settings.minDeposit;
        POOL_CAP = settings.poolCap;
        THAW_PERIOD = settings.thawPeriod;
        DELEGATION_RATIO = settings.delegationRatio;
        MAX_THAWS = settings.maxThaws;
    }

    /// @inheritdoc IProviderStaking
    function deposit(address provider, uint128 tokens, uint128 minShares) external override returns (uint128 shares) {
        if (tokens < MIN_DEPOSIT) revert BelowMinimum(tokens, MIN_DEPOSIT);
        Pool memory p = _pools[provider];
        shares = _join(p, provider, tokens, minShares);
        _pools[provider] = p;
        emit Deposited(provider, msg.sender, tokens, shares);
        if (msg.sender == provider) PAYOUTS.ensure(provider);
        TOKEN.safeTransferFrom(msg.sender, address(this), tokens);
    }

    /// @inheritdoc IProviderStaking
    function requestThaw(address provider, uint128 shares, uint128 minTokens)
        external
        override
        returns (uint256 thawId)
    {
        if (shares == 0) revert ZeroAmount();
        Pool memory p = _pools[provider];
        Position memory position = _position(p, provider);
        if (shares > position.shares) revert InsufficientShares(position.shares, shares);
        if (position.openThaws >= MAX_THAWS) revert TooManyThaws(MAX_THAWS);

        uint128 tokens = _toTokens(shares, p.shares, p.tokens);
        if (tokens < minTokens) revert Slippage(tokens, minTokens);
        uint128 thawShares = _toShares(tokens, p.thawingShares, p.thawingTokens);
        p.shares -= shares;
        p.tokens -= tokens;
        if (msg.sender == provider) p.selfShares -= shares;
        p.thawingTokens += tokens;
        p.thawingShares += thawShares;
        _pools[provider] = p;

        thawId = position.nextThaw++;
        position.openThaws += 1;
        position.shares -= shares;
        _positions[provider][msg.sender] = position;
        uint64 readyAt = uint64(block.timestamp) + THAW_PERIOD;
        _thaws[provider][msg.sender][thawId] = Thaw(thawShares, readyAt, p.generation);
        emit ThawRequested(provider, msg.sender, thawId, shares, tokens, thawShares, readyAt);
    }

    /// @inheritdoc IProviderStaking
    function cancelThaw(address provider, uint256 thawId, uint128 minShares)
        external
        override
        returns (uint128 shares)
    {
        Pool memory p = _pools[provider];
        uint128 tokens = _takeThaw(p, provider, thawId);
        shares = _join(p, provider, tokens, minShares);
        _pools[provider] = p;
        emit ThawCancelled(provider, msg.sender, thawId, tokens, shares);
    }

    /// @inheritdoc IProviderStaking
    function withdraw(address provider, uint256 thawId) external override returns (uint128 tokens) {
        uint64 readyAt = _thaws[provider][msg.sender][thawId].readyAt;
        if (block.timestamp < readyAt) revert ThawNotReady(readyAt);
        Pool memory p = _pools[provider];
        tokens = _takeThaw(p, provider, thawId);
        _pools[provider] = p;
        emit Withdrawn(provider, msg.sender, thawId, tokens);
        TOKEN.safeTransfer(msg.sender, tokens);
    }

    /// @inheritdoc IProviderStaking
    function slash(address provider, uint32 ppm, bytes32 reason) external override returns (uint128 burned) {
        if (msg.sender != SLASHER) revert NotSlasher(msg.sender);
        Pool memory p = _pools[provider];
        uint128 active;
        uint128 thawing;
        if (ppm >= WHOLE_PPM) {
            (active, thawing) = (p.tokens, p.thawingTokens);
            p = Pool(0, 0, 0, 0, 0, p.generation + 1);
            emit PoolReset(provider, p.generation);
        } else {
            active = _slashable(p.tokens, p.shares, ppm);
            thawing = _slashable(p.thawingTokens, p.thawingShares, ppm);
            p.tokens -= active;
            p.thawingTokens -= thawing;
        }
        _pools[provider] = p;
        burned = active + thawing;
        emit Slashed(provider, active, thawing, reason);
        TOKEN.burn(burned);
    }

    /// @inheritdoc IProviderStaking
    function pool(address provider) external view override returns (Pool memory) {
        return _pools[provider];
    }

    /// @inheritdoc IProviderStaking
    function sharesOf(address provider, address staker) external view override returns (uint128) {
        Position memory position = _positions[provider][staker];
        return position.generation == _pools[provider].generation ? position.shares : 0;
    }

    /// @inheritdoc IProviderStaking
    function thaw(address provider, address staker, uint256 thawId) external view override returns (Thaw memory) {
        return _thaws[provider][staker][thawId];
    }

    /// @inheritdoc IProviderStaking
    function stakeOf(address provider) external view override returns (uint128) {
        return _pools[provider].tokens;
    }

    // --- inside; pools travel in memory and are stored once

    /// @dev Adds `tokens` of the caller's to the pool, whether they come from outside or from a thaw.
    function _join(Pool memory p, address provider, uint128 tokens, uint128 minShares)
        private
        returns (uint128 shares)
    {
        uint256 whole = uint256(p.tokens) + p.thawingTokens + tokens;
        if (whole > POOL_CAP) revert CapExceeded(whole, POOL_CAP);
        shares = _toShares(tokens, p.shares, p.tokens);
        if (shares == 0) revert ZeroAmount();
        if (shares < minShares) revert Slippage(shares, minShares);
        p.tokens += tokens;
        p.shares += shares;
        if (msg.sender == provider) {
            p.selfShares += shares;
        } else {
            uint256 delegated = p.shares - p.selfShares;
            uint256 limit = uint256(p.selfShares) * DELEGATION_RATIO;
            if (delegated > limit) revert RatioExceeded(delegated, limit);
        }
        Position memory position = _position(p, provider);
        position.shares += shares;
        _positions[provider][msg.sender] = position;
    }

    /// @dev Closes a thaw of the caller's and takes what is left of it out of the thawing pool.
    function _takeThaw(Pool memory p, address provider, uint256 thawId) private returns (uint128 tokens) {
        Thaw memory t = _thaws[provider][msg.sender][thawId];
        if (t.readyAt == 0) revert UnknownThaw(thawId);
        delete _thaws[provider][msg.sender][thawId];
        _positions[provider][msg.sender].openThaws -= 1;
        // An older generation was slashed to nothing.
        if (t.generation != p.generation) return 0;
        tokens = _toTokens(t.shares, p.thawingShares, p.thawingTokens);
        p.thawingTokens -= tokens;
        p.thawingShares -= t.shares;
    }

    /// @dev The caller's position; shares of an older generation are gone, open thaws remain to be closed.
    function _position(Pool memory p, address provider) private view returns (Position memory position) {
        position = _positions[provider][msg.sender];
        if (position.generation != p.generation) {
            position.shares = 0;
            position.generation = p.generation;
        }
    }

    function _slashable(uint128 tokens, uint128 shares, uint32 ppm) private pure returns (uint128) {
        uint256 share = (uint256(tokens) * ppm) / WHOLE_PPM;
        uint256 floor = shares / MAX_SHARES_PER_TOKEN;
        if (tokens <= floor) return 0;
        return uint128(share < tokens - floor ? share : tokens - floor);
    }

    function _toShares(uint128 tokens, uint128 poolShares, uint128 poolTokens) private pure returns (uint128) {
        return ((uint256(tokens) * (uint256(poolShares) + VIRTUAL_SHARES)) / (uint256(poolTokens) + VIRTUAL_TOKENS))
        .toUint128();
    }

    function _toTokens(uint128 shares, uint128 poolShares, uint128 poolTokens) private pure returns (uint128) {
        return
            uint128((uint256(shares) * (uint256(poolTokens) + VIRTUAL_TOKENS)) / (uint256(poolShares) + VIRTUAL_SHARES));
    }
}
