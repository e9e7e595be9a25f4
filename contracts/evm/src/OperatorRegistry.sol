// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {INetworkToken} from "./interfaces/INetworkToken.sol";
import {IOperatorRegistry} from "./interfaces/IOperatorRegistry.sol";
import {IReportVerifier} from "./interfaces/IReportVerifier.sol";
import {CodeStore} from "./lib/CodeStore.sol";
import {ConfigDigestLib} from "./lib/ConfigDigestLib.sol";
import {Owned} from "./Owned.sol";

/// @title The rules are those of IOperatorRegistry.
contract OperatorRegistry is IOperatorRegistry, Owned {
    using SafeERC20 for INetworkToken;

    uint256 private constant MIN_SET = 4;
    uint256 private constant MAX_SET = 31;
    uint256 private constant WHOLE_BPS = 10_000;
    /// @notice Hard bound of REPORTER_BPS: who proves an equivocation must not gain by committing it.
    uint16 public constant MAX_REPORTER_BPS = 500;

    INetworkToken public immutable TOKEN;
    IReportVerifier public immutable VERIFIER;
    address public immutable DISTRIBUTOR;
    /// @notice Least bond of an operator, in base units.
    uint128 public immutable MIN_BOND;
    /// @notice Seconds between asking for a bond and getting it.
    uint64 public immutable BOND_THAW;
    /// @notice Seconds of silence after which the owner may replace a set whose keys are lost.
    uint64 public immutable RECOVERY_SILENCE;
    /// @notice The reporter's part of a slashed bond.
    uint16 public immutable REPORTER_BPS;

    struct StoredConfig {
        bytes32 digest;
        bytes32 parametersHash;
        bytes32 rulesHash;
        address members; // CodeStore: n × report key 20, then n × protocol key 32
        uint64 firstEpoch;
        uint8 n;
        uint8 q;
    }

    struct Settings {
        uint128 minBond;
        uint64 bondThaw;
        uint64 recoverySilence;
        uint16 reporterBps;
    }

    mapping(address reportKey => Operator) private _operators;
    mapping(bytes32 protocolKey => bool) private _protocolKeyUsed;
    mapping(uint64 count => StoredConfig) private _configs;
    mapping(bytes32 digest => uint64 count) private _countOf;
    uint64 public override configCount;

    constructor(
        INetworkToken token,
        IReportVerifier verifier,
        address distributor,
        address owner_,
        Settings memory settings
    ) Owned(owner_) {
        if (settings.reporterBps > MAX_REPORTER_BPS || settings.minBond == 0) revert BadParameter();
        TOKEN = token;
        VERIFIER = verifier;
        DISTRIBUTOR = distributor;
        MIN_BOND = settings.minBond;
        BOND_THAW = settings.bondThaw;
        RECOVERY_SILENCE = settings.recoverySilence;
        REPORTER_BPS = settings.reporterBps;
    }

    // --- operators

    /// @inheritdoc IOperatorRegistry
    function register(address reportKey, bytes32 protocolKey, string calldata endpoint, uint128 bond)
        external
        override
    {
        if (reportKey == address(0) || protocolKey == bytes32(0)) revert ZeroKey();
        Operator storage operator_ = _operators[reportKey];
        if (operator_.account != address(0)) revert AlreadyRegistered(reportKey);
        if (_protocolKeyUsed[protocolKey]) revert ProtocolKeyUsed(protocolKey);
        if (bond < MIN_BOND) revert BondTooLow(bond, MIN_BOND);
        _protocolKeyUsed[protocolKey] = true;
        operator_.account = msg.sender;
        operator_.reportKey = reportKey;
        operator_.protocolKey = protocolKey;
        operator_.bond = bond;
        operator_.endpoint = endpoint;
        emit OperatorRegistered(reportKey, msg.sender, protocolKey, endpoint, bond);
        TOKEN.safeTransferFrom(msg.sender, address(this), bond);
    }

    /// @inheritdoc IOperatorRegistry
    function addBond(address reportKey, uint128 amount) external override {
        Operator storage operator_ = _owned(reportKey);
        if (operator_.slashed) revert OperatorSlashed(reportKey);
        if (operator_.exitAt != 0) revert OperatorExiting(reportKey);
        uint128 bond = operator_.bond + amount;
        operator_.bond = bond;
        emit BondAdded(reportKey, amount, bond);
        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IOperatorRegistry
    function setEndpoint(address reportKey, string calldata endpoint) external override {
        _owned(reportKey).endpoint = endpoint;
        emit EndpointChanged(reportKey, endpoint);
    }

    /// @inheritdoc IOperatorRegistry
    function requestExit(address reportKey) external override {
        Operator storage operator_ = _owned(reportKey);
        if (operator_.slashed) revert OperatorSlashed(reportKey);
        if (operator_.exitAt != 0) revert OperatorExiting(reportKey);
        if (operator_.lastEpoch >= VERIFIER.nextFinal()) revert BondLocked(operator_.lastEpoch, 0);
        uint64 exitAt = uint64(block.timestamp) + BOND_THAW;
        operator_.exitAt = exitAt;
        emit ExitRequested(reportKey, exitAt);
    }

    /// @inheritdoc IOperatorRegistry
    function withdrawBond(address reportKey) external override {
        Operator storage operator_ = _owned(reportKey);
        if (operator_.slashed) revert OperatorSlashed(reportKey);
        uint64 exitAt = operator_.exitAt;
        // An exit starts only once the last epoch that the operator could sign is final, and final is for ever.
        if (exitAt == 0 || block.timestamp < exitAt) revert BondLocked(operator_.lastEpoch, exitAt);
        uint128 bond = operator_.bond;
        operator_.bond = 0;
        emit BondWithdrawn(reportKey, bond);
        TOKEN.safeTransfer(msg.sender, bond);
    }

    /// @inheritdoc IOperatorRegistry
    function slashBond(address reportKey, address reporter) external override {
        if (msg.sender != address(VERIFIER)) revert NotVerifier(msg.sender);
        Operator storage operator_ = _operators[reportKey];
        if (operator_.account == address(0)) revert UnknownOperator(reportKey);
        if (operator_.slashed) revert OperatorSlashed(reportKey);
        uint256 bond = operator_.bond;
        uint256 toReporter = (bond * REPORTER_BPS) / WHOLE_BPS;
        operator_.slashed = true;
        operator_.bond = 0;
        emit BondSlashed(reportKey, bond, reporter, toReporter);
        TOKEN.burn(bond - toReporter);
        TOKEN.safeTransfer(reporter, toReporter);
    }

    // --- configs

    /// @inheritdoc IOperatorRegistry
    function scheduleConfig(address[] calldata reportKeys, uint64 firstEpoch, bytes32 parametersHash, bytes32 rulesHash)
        external
        override
        onlyOwner
    {
        uint64 newest = configCount;
        uint64 earliest = 1;
        if (newest > 0) {
            earliest = VERIFIER.epochAt(uint64(block.timestamp)) + 1;
            uint64 after_ = _configs[newest].firstEpoch + 1;
            if (after_ > earliest) earliest = after_;
        }
        if (firstEpoch < earliest) revert EpochStarted(firstEpoch, earliest);
        _install(reportKeys, firstEpoch, firstEpoch - 1, parametersHash, rulesHash);
    }

    /// @inheritdoc IOperatorRegistry
    function recover(address[] calldata reportKeys, bytes32 parametersHash, bytes32 rulesHash)
        external
        override
        onlyOwner
    {
        uint64 epoch = VERIFIER.nextEpoch();
        uint64 silentSince = VERIFIER.silentSince();
        uint64 allowedAt = silentSince + RECOVERY_SILENCE;
        if (block.timestamp < allowedAt && VERIFIER.cancellations(epoch) < 2) {
            revert RecoveryNotAllowed(silentSince, allowedAt);
        }
        // The set that is replaced could still sign this very epoch under its own config: its bonds wait for it.
        _install(reportKeys, epoch, epoch, parametersHash, rulesHash);
    }

    /// @inheritdoc IOperatorRegistry
    function operator(address reportKey) external view override returns (Operator memory) {
        return _operators[reportKey];
    }

    /// @inheritdoc IOperatorRegistry
    function configAt(uint64 epoch) external view override returns (Config memory) {
        return configByCount(_countAt(epoch));
    }

    /// @inheritdoc IOperatorRegistry
    function configDigestAt(uint64 epoch) external view override returns (bytes32) {
        return _configs[_countAt(epoch)].digest;
    }

    /// @inheritdoc IOperatorRegistry
    function signersAt(uint64 epoch)
        external
        view
        override
        returns (bytes32 digest, uint8 q, address[] memory reportKeys)
    {
        StoredConfig storage config = _configs[_countAt(epoch)];
        return (config.digest, config.q, _reportKeys(config.members, config.n));
    }

    /// @inheritdoc IOperatorRegistry
    function signersOf(bytes32 digest) external view override returns (address[] memory reportKeys) {
        uint64 count = _countOf[digest];
        if (count == 0) revert UnknownConfig();
        return _reportKeys(_configs[count].members, _configs[count].n);
    }

    /// @inheritdoc IOperatorRegistry
    function configByCount(uint64 count) public view override returns (Config memory config) {
        StoredConfig storage stored = _configs[count];
        uint8 n = stored.n;
        if (n == 0) revert UnknownConfig();
        config.count = count;
        config.firstEpoch = stored.firstEpoch;
        config.n = n;
        config.q = stored.q;
        config.digest = stored.digest;
        config.parametersHash = stored.parametersHash;
        config.rulesHash = stored.rulesHash;
        config.reportKeys = _reportKeys(stored.members, n);
        config.protocolKeys = new bytes32[](n);
        bytes memory keys = CodeStore.read(stored.members, uint256(n) * 20, uint256(n) * 32);
        for (uint256 i = 0; i < n; ++i) {
            bytes32 key;
            assembly ("memory-safe") {
                key := mload(add(add(keys, 32), mul(i, 32)))
            }
            config.protocolKeys[i] = key;
        }
    }

    // --- inside

    /// @param lastEpochOfLeavers the last epoch that a member of the newest set who is not in the new one can still sign.
    function _install(
        address[] calldata reportKeys,
        uint64 firstEpoch,
        uint64 lastEpochOfLeavers,
        bytes32 parametersHash,
        bytes32 rulesHash
    ) private {
        uint256 n = reportKeys.length;
        if (n < MIN_SET || n > MAX_SET || n % 3 != 1) revert BadSetSize(n);
        // At most 31.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint8 size = uint8(n);
        uint8 q = (2 * (size - 1)) / 3 + 1;

        uint64 count = configCount;
        if (count > 0) {
            address[] memory leavers = _reportKeys(_configs[count].members, _configs[count].n);
            for (uint256 i = 0; i < leavers.length; ++i) {
                _operators[leavers[i]].lastEpoch = lastEpochOfLeavers;
            }
        }

        bytes32[] memory protocolKeys = new bytes32[](n);
        bytes memory packedReportKeys;
        bytes memory members;
        address last = address(0);
        for (uint256 i = 0; i < n; ++i) {
            address key = reportKeys[i];
            if (key <= last) revert NotAscending(i);
            last = key;
            bytes32 protocolKey = _admit(key);
            protocolKeys[i] = protocolKey;
            packedReportKeys = abi.encodePacked(packedReportKeys, key);
            members = abi.encodePacked(members, key, protocolKey);
        }

        configCount = ++count;
        bytes32 digest = ConfigDigestLib.digest(
            ConfigDigestLib.Place(address(VERIFIER), DISTRIBUTOR, address(TOKEN)),
            count,
            firstEpoch,
            size,
            q,
            members,
            parametersHash,
            rulesHash
        );
        _countOf[digest] = count;
        _configs[count] = StoredConfig({
            digest: digest,
            parametersHash: parametersHash,
            rulesHash: rulesHash,
            members: CodeStore.write(abi.encodePacked(packedReportKeys, protocolKeys)),
            firstEpoch: firstEpoch,
            n: size,
            q: q
        });
        emit ConfigScheduled(count, firstEpoch, digest, size, q, parametersHash, rulesHash, reportKeys, protocolKeys);
    }

    /// @dev Checks that an operator may join a set and marks it as a member of the newest.
    function _admit(address reportKey) private returns (bytes32 protocolKey) {
        Operator storage operator_ = _operators[reportKey];
        if (operator_.account == address(0)) revert UnknownOperator(reportKey);
        if (operator_.slashed) revert OperatorSlashed(reportKey);
        if (operator_.exitAt != 0) revert OperatorExiting(reportKey);
        operator_.lastEpoch = type(uint64).max;
        return operator_.protocolKey;
    }

    function _owned(address reportKey) private view returns (Operator storage operator_) {
        operator_ = _operators[reportKey];
        if (operator_.account == address(0)) revert UnknownOperator(reportKey);
        if (operator_.account != msg.sender) revert NotOperatorAccount(reportKey, msg.sender);
    }

    /// @dev Walks down from the newest: the config in force is the newest or one of the few scheduled after it.
    function _countAt(uint64 epoch) private view returns (uint64) {
        for (uint64 count = configCount; count > 0; --count) {
            if (_configs[count].firstEpoch <= epoch) return count;
        }
        revert UnknownConfig();
    }

    function _reportKeys(address members, uint8 n) private view returns (address[] memory keys) {
        bytes memory packed = CodeStore.read(members, 0, uint256(n) * 20);
        keys = new address[](n);
        for (uint256 i = 0; i < n; ++i) {
            address key;
            assembly ("memory-safe") {
                key := shr(96, mload(add(add(packed, 32), mul(i, 20))))
            }
            keys[i] = key;
        }
    }
}
