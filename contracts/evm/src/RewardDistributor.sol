// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {INetworkToken} from "./interfaces/INetworkToken.sol";
import {IPayoutRegistry} from "./interfaces/IPayoutRegistry.sol";
import {IRewardDistributor} from "./interfaces/IRewardDistributor.sol";
import {RewardTreeLib} from "./lib/RewardTreeLib.sol";
import {RewardLeaf} from "./types/Report.sol";
import {Owned} from "./Owned.sol";

/// @title The rules are those of IRewardDistributor.
contract RewardDistributor is IRewardDistributor, EIP712, Owned {
    using SafeERC20 for INetworkToken;

    bytes32 public constant CLAIM_TYPEHASH =
        keccak256("ClaimFor(address account,bytes32 root,uint256 fee,address feeTo,uint256 nonce,uint64 deadline)");
    uint256 private constant WHOLE_BPS = 10_000;

    INetworkToken public immutable TOKEN;
    address public immutable VERIFIER;
    IPayoutRegistry public immutable PAYOUTS;
    /// @notice Hard bounds of the breaker's capacity, in base units; the lower one is never zero.
    uint128 public immutable MIN_CAPACITY;
    uint128 public immutable MAX_CAPACITY;
    /// @notice Seconds in which a full breaker drains.
    uint64 public immutable BREAKER_WINDOW;
    /// @notice Most of a gasless claim that may go to who sends it.
    uint16 public immutable MAX_FEE_BPS;
    /// @notice Most claims of one batch.
    uint16 public immutable MAX_BATCH;
    bytes32 private immutable DOMAIN;

    struct Settings {
        uint128 capacity;
        uint128 minCapacity;
        uint128 maxCapacity;
        uint64 breakerWindow;
        uint16 maxFeeBps;
        uint16 maxBatch;
    }

    /// @dev One word. Amounts fit because the token's cap fits 112 bits.
    struct Head {
        uint32 leafCount;
        uint112 cumulativeTotal;
        uint112 capacity;
    }

    /// @dev One word: the leaky bucket and all that was ever paid.
    struct Meter {
        uint112 level;
        uint112 totalClaimed;
        uint32 updatedAt;
    }

    struct Older {
        uint32 leafCount;
        uint112 cumulativeTotal;
        uint64 epoch;
    }

    bytes32 private _root;
    Head private _head;
    Meter private _meter;
    bytes32 private _previousRoot;
    Older private _previous;
    uint64 private _epoch;
    mapping(address account => uint128) public override claimed;
    mapping(address account => uint256) public override nonces;

    constructor(
        INetworkToken token,
        address verifier,
        IPayoutRegistry payouts,
        address owner_,
        Settings memory settings
    ) EIP712("DePIN RewardDistributor", "1") Owned(owner_) {
        if (
            settings.minCapacity == 0 || settings.maxCapacity > type(uint112).max || settings.breakerWindow == 0
                || settings.maxFeeBps > WHOLE_BPS || settings.maxBatch == 0
        ) revert BadParameter();
        TOKEN = token;
        VERIFIER = verifier;
        PAYOUTS = payouts;
        MIN_CAPACITY = settings.minCapacity;
        MAX_CAPACITY = settings.maxCapacity;
        BREAKER_WINDOW = settings.breakerWindow;
        MAX_FEE_BPS = settings.maxFeeBps;
        MAX_BATCH = settings.maxBatch;
        DOMAIN = RewardTreeLib.domain(address(this), address(token));
        _setCapacity(settings.capacity, settings.minCapacity, settings.maxCapacity);
    }

    /// @inheritdoc IRewardDistributor
    function advance(uint64 epoch, bytes32 root, uint32 leafCount, uint128 cumulativeTotal) external override {
        if (msg.sender != VERIFIER) revert NotVerifier(msg.sender);
        if (root == bytes32(0)) revert EmptyRoot();
        Head memory head = _head;
        _previousRoot = _root;
        _previous = Older(head.leafCount, head.cumulativeTotal, _epoch);
        head.leafCount = leafCount;
        head.cumulativeTotal = SafeCast.toUint112(cumulativeTotal);
        _root = root;
        _head = head;
        _epoch = epoch;
        emit RootAdvanced(epoch, root, leafCount, cumulativeTotal);
    }

    /// @inheritdoc IRewardDistributor
    function claim(bytes32 root, RewardLeaf calldata leaf, bytes32[] calldata proof)
        external
        override
        returns (uint256 paid)
    {
        address recipient;
        (paid, recipient) = _claimOne(root, leaf, proof, msg.sender != leaf.account);
        TOKEN.safeTransfer(recipient, paid);
    }

    /// @inheritdoc IRewardDistributor
    function claimMany(bytes32 root, Claim[] calldata claims) external override returns (uint256 paid) {
        if (claims.length > MAX_BATCH) revert BatchTooLarge(claims.length, MAX_BATCH);
        Head memory head = _head;
        uint32 leafCount = _leafCountOf(root, head);
        Meter memory meter = _drained(head);
        // The same sums as in _room and _record, on the stack: a batch is what relayers pay for.
        uint256 level = meter.level;
        uint256 total = meter.totalClaimed;
        for (uint256 i = 0; i < claims.length; ++i) {
            RewardLeaf calldata leaf = claims[i].leaf;
            address account = leaf.account;
            uint256 cumulative = leaf.cumulative;
            uint256 before = claimed[account];
            uint256 limit = msg.sender == account ? head.capacity : head.capacity / 2;
            if (cumulative <= before || limit <= level || head.cumulativeTotal <= total) {
                emit ClaimSkipped(account, leaf.index);
                continue;
            }
            _checkLeaf(root, leafCount, leaf, claims[i].proof);
            unchecked {
                // None underflows after the checks above; what is added stays below sums of 112 bits.
                uint256 amount = cumulative - before;
                if (amount > limit - level) amount = limit - level;
                if (amount > head.cumulativeTotal - total) amount = head.cumulativeTotal - total;
                level += amount;
                total += amount;
                paid += amount;
                // forge-lint: disable-next-line(unsafe-typecast)
                uint128 after_ = uint128(before + amount);
                claimed[account] = after_;
                address recipient = PAYOUTS.recipientOf(account);
                emit Claimed(account, leaf.index, recipient, amount, after_, root);
                TOKEN.safeTransfer(recipient, amount);
            }
        }
        // forge-lint: disable-next-line(unsafe-typecast)
        (meter.level, meter.totalClaimed) = (uint112(level), uint112(total));
        _meter = meter;
    }

    /// @inheritdoc IRewardDistributor
    function claimWithSignature(
        bytes32 root,
        RewardLeaf calldata leaf,
        bytes32[] calldata proof,
        uint256 fee,
        address feeTo,
        uint64 deadline,
        bytes calldata signature
    ) external override returns (uint256 paid) {
        if (block.timestamp > deadline) revert Expired(deadline);
        address account = leaf.account;
        uint256 nonce = nonces[account]++;
        bytes32 digest =
            _hashTypedDataV4(keccak256(abi.encode(CLAIM_TYPEHASH, account, root, fee, feeTo, nonce, deadline)));
        if (!SignatureChecker.isValidSignatureNowCalldata(account, digest, signature)) revert BadSignature();
        address recipient;
        (paid, recipient) = _claimOne(root, leaf, proof, false);
        uint256 limit = (paid * MAX_FEE_BPS) / WHOLE_BPS;
        if (fee > limit) revert FeeTooHigh(fee, limit);
        if (fee > 0) {
            address receiver = feeTo == address(0) ? msg.sender : feeTo;
            emit ClaimFeePaid(account, receiver, fee, nonce);
            TOKEN.safeTransfer(receiver, fee);
        }
        TOKEN.safeTransfer(recipient, paid - fee);
    }

    /// @inheritdoc IRewardDistributor
    function setBreaker(uint128 capacity) external override onlyOwner {
        // What drained so far drained at the old rate.
        _meter = _drained(_head);
        _setCapacity(capacity, MIN_CAPACITY, MAX_CAPACITY);
    }

    /// @inheritdoc IRewardDistributor
    function current() external view override returns (Root memory) {
        return Root(_root, _epoch, _head.leafCount, _head.cumulativeTotal);
    }

    /// @inheritdoc IRewardDistributor
    function previous() external view override returns (Root memory) {
        Older memory older = _previous;
        return Root(_previousRoot, older.epoch, older.leafCount, older.cumulativeTotal);
    }

    /// @inheritdoc IRewardDistributor
    function totalClaimed() external view override returns (uint256) {
        return _meter.totalClaimed;
    }

    /// @inheritdoc IRewardDistributor
    function breakerCapacity() external view override returns (uint128) {
        return _head.capacity;
    }

    /// @inheritdoc IRewardDistributor
    function breakerRoom(bool thirdParty) external view override returns (uint256) {
        Head memory head = _head;
        return _saturatingSub(_limit(head, thirdParty), _drained(head).level);
    }

    /// @inheritdoc IRewardDistributor
    function domain() external view override returns (bytes32) {
        return DOMAIN;
    }

    // --- inside

    function _claimOne(bytes32 root, RewardLeaf calldata leaf, bytes32[] calldata proof, bool thirdParty)
        private
        returns (uint256 paid, address recipient)
    {
        Head memory head = _head;
        uint32 leafCount = _leafCountOf(root, head);
        uint128 before = claimed[leaf.account];
        if (leaf.cumulative <= before) revert NothingToClaim(leaf.account);
        _checkLeaf(root, leafCount, leaf, proof);
        Meter memory meter = _drained(head);
        uint256 room = _room(head, meter, thirdParty);
        if (room == 0) revert BreakerExhausted(meter.level, _limit(head, thirdParty));
        paid = Math.min(leaf.cumulative - before, room);
        recipient = _record(root, leaf, before, paid, meter);
        _meter = meter;
    }

    /// @dev Books a payment into storage and into `meter`, which the caller stores.
    function _record(bytes32 root, RewardLeaf calldata leaf, uint128 before, uint256 amount, Meter memory meter)
        private
        returns (address recipient)
    {
        // The amount is at most what the room leaves, and that is at most the cumulative total of 112 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint112 small = uint112(amount);
        uint128 after_ = before + small;
        claimed[leaf.account] = after_;
        meter.level += small;
        meter.totalClaimed += small;
        recipient = PAYOUTS.recipientOf(leaf.account);
        emit Claimed(leaf.account, leaf.index, recipient, amount, after_, root);
    }

    function _leafCountOf(bytes32 root, Head memory head) private view returns (uint32) {
        if (root == bytes32(0)) revert EmptyRoot();
        if (root == _root) return head.leafCount;
        if (root == _previousRoot) return _previous.leafCount;
        revert UnknownRoot(root);
    }

    function _checkLeaf(bytes32 root, uint32 leafCount, RewardLeaf calldata leaf, bytes32[] calldata proof)
        private
        view
    {
        if (!RewardTreeLib.verify(root, leafCount, DOMAIN, leaf, proof)) revert BadProof(leaf.index);
    }

    /// @dev The bucket as it stands now.
    function _drained(Head memory head) private view returns (Meter memory meter) {
        meter = _meter;
        uint256 elapsed = block.timestamp - meter.updatedAt;
        uint256 drained = (uint256(head.capacity) * elapsed) / BREAKER_WINDOW;
        meter.level = uint112(_saturatingSub(meter.level, drained));
        meter.updatedAt = uint32(block.timestamp);
    }

    /// @dev What may leave now: the breaker's room, and never more than the accepted total still holds.
    function _room(Head memory head, Meter memory meter, bool thirdParty) private pure returns (uint256) {
        return Math.min(
            _saturatingSub(_limit(head, thirdParty), meter.level),
            _saturatingSub(head.cumulativeTotal, meter.totalClaimed)
        );
    }

    function _limit(Head memory head, bool thirdParty) private pure returns (uint256) {
        return thirdParty ? head.capacity / 2 : head.capacity;
    }

    function _saturatingSub(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a - b : 0;
    }

    function _setCapacity(uint128 capacity, uint128 minimum, uint128 maximum) private {
        if (capacity < minimum || capacity > maximum) revert CapacityOutOfBounds(minimum, maximum);
        // The upper bound fits 112 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        _head.capacity = uint112(capacity);
        emit BreakerChanged(capacity);
    }
}
