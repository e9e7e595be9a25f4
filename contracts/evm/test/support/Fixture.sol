// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";
import {IDeviceRegistry} from "../../src/interfaces/IDeviceRegistry.sol";
import {IEmissionController} from "../../src/interfaces/IEmissionController.sol";
import {INetworkToken} from "../../src/interfaces/INetworkToken.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {IPayoutRegistry} from "../../src/interfaces/IPayoutRegistry.sol";
import {IProviderStaking} from "../../src/interfaces/IProviderStaking.sol";
import {IReportVerifier} from "../../src/interfaces/IReportVerifier.sol";
import {IRewardDistributor} from "../../src/interfaces/IRewardDistributor.sol";
import {Report, RewardLeaf} from "../../src/types/Report.sol";
import {Tree} from "./Tree.sol";

/// @dev Contracts are deployed by name and used through their interfaces: tests compile without the optimizing IR pipeline, what they
/// deploy with it.
/// @notice A whole network with production-like parameters, seven operators and helpers to make its reports.
abstract contract Fixture is Test {
    uint64 internal constant GENESIS = 1_800_000_000;
    uint64 internal constant EPOCH = 86_400;
    uint64 internal constant WINDOW = 48 hours;
    uint64 internal constant EXTENSION = 120 hours;
    uint128 internal constant CHALLENGE_BOND = 10_000e18;
    uint128 internal constant MIN_BOND = 5000e18;
    uint64 internal constant BOND_THAW = 21 days;
    uint64 internal constant SILENCE = 72 hours;
    uint16 internal constant REPORTER_BPS = 500;
    uint128 internal constant CAPACITY = 890_000e18;
    uint128 internal constant MIN_CAPACITY = 100_000e18;
    uint128 internal constant MAX_CAPACITY = 2_000_000e18;
    uint16 internal constant MAX_FEE_BPS = 100;
    uint16 internal constant MAX_BATCH = 100;
    uint64 internal constant RECIPIENT_DELAY = 24 hours;
    uint64 internal constant KEY_DELAY = 24 hours;
    uint256 internal constant CAP = 1_000_000_000e18;
    uint256 internal constant GENESIS_SUPPLY = 600_000_000e18;
    uint128 internal constant BASE = 178_063e18;
    uint256 internal constant DECAY = (uint256(99_955_484) << 96) / 100_000_000; // 0.85 a year
    bytes32 internal constant PARAMETERS = keccak256("parameters");
    bytes32 internal constant RULES = keccak256("rules");
    uint256 internal constant N = 7;
    uint256 internal constant Q = 5;

    struct StakingSettings {
        uint128 minDeposit;
        uint128 poolCap;
        uint64 thawPeriod;
        uint32 delegationRatio;
        uint32 maxThaws;
    }

    struct OperatorSettings {
        uint128 minBond;
        uint64 bondThaw;
        uint64 recoverySilence;
        uint16 reporterBps;
    }

    struct VerifierContracts {
        address operators;
        address emission;
        address payouts;
        address distributor;
        address token;
        address arbiter;
    }

    struct VerifierSettings {
        uint64 genesis;
        uint64 epochLength;
        uint64 challengeWindow;
        uint64 challengeExtension;
        uint128 challengeBond;
    }

    struct DistributorSettings {
        uint128 capacity;
        uint128 minCapacity;
        uint128 maxCapacity;
        uint64 breakerWindow;
        uint16 maxFeeBps;
        uint16 maxBatch;
    }

    address internal admin = makeAddr("admin");
    address internal arbiter = makeAddr("arbiter");
    address internal slasher = makeAddr("slasher");
    address internal treasury = makeAddr("treasury");
    address internal bank = makeAddr("bank");

    INetworkToken internal token;
    IEmissionController internal emission;
    IDeviceRegistry internal devices;
    IPayoutRegistry internal payouts;
    IProviderStaking internal staking;
    IOperatorRegistry internal operators;
    IReportVerifier internal verifier;
    IRewardDistributor internal distributor;

    /// @dev Report keys, ascending by address; keys[i] signs for accounts[i].
    uint256[] internal keys;
    address[] internal reportKeys;

    function setUp() public virtual {
        vm.warp(GENESIS - 3 days);
        deploy();
        admitOperators(N);
        schedule(1);
        vm.warp(GENESIS);
    }

    // --- setting up

    function deploy() internal {
        uint64 nonce = vm.getNonce(address(this));
        address devicesAt = vm.computeCreateAddress(address(this), nonce + 2);
        address stakingAt = vm.computeCreateAddress(address(this), nonce + 4);
        address emissionAt = vm.computeCreateAddress(address(this), nonce + 1);
        address payoutsAt = vm.computeCreateAddress(address(this), nonce + 3);
        address verifierAt = vm.computeCreateAddress(address(this), nonce + 6);
        address distributorAt = vm.computeCreateAddress(address(this), nonce + 7);

        INetworkToken.Allocation[] memory genesis = new INetworkToken.Allocation[](1);
        genesis[0] = INetworkToken.Allocation(bank, GENESIS_SUPPLY);
        token = INetworkToken(make("NetworkToken", abi.encode("Network", "NET", 18, CAP, emissionAt, genesis)));
        IEmissionController.Sink[] memory sinks = new IEmissionController.Sink[](1);
        sinks[0] = IEmissionController.Sink(treasury, 1000);
        emission = IEmissionController(
            make("EmissionController", abi.encode(token, distributorAt, verifierAt, admin, BASE, DECAY, sinks))
        );
        devices = IDeviceRegistry(make("DeviceRegistry", abi.encode("Devices", "DEV", payoutsAt, admin, KEY_DELAY)));
        payouts = IPayoutRegistry(make("PayoutRegistry", abi.encode(devicesAt, stakingAt, RECIPIENT_DELAY)));
        staking = IProviderStaking(
            make(
                "ProviderStaking",
                abi.encode(token, payouts, slasher, StakingSettings(1e18, 10_000_000e18, 21 days, 16, 10))
            )
        );
        operators = IOperatorRegistry(
            make(
                "OperatorRegistry",
                abi.encode(
                    token,
                    verifierAt,
                    distributorAt,
                    admin,
                    OperatorSettings(MIN_BOND, BOND_THAW, SILENCE, REPORTER_BPS)
                )
            )
        );
        verifier = IReportVerifier(
            make(
                "ReportVerifier",
                abi.encode(
                    VerifierContracts(
                        address(operators), address(emission), address(payouts), distributorAt, address(token), arbiter
                    ),
                    VerifierSettings(GENESIS, EPOCH, WINDOW, EXTENSION, CHALLENGE_BOND)
                )
            )
        );
        distributor = IRewardDistributor(
            make("RewardDistributor", abi.encode(token, verifierAt, payouts, admin, distributorSettings()))
        );
        assertEq(address(verifier), verifierAt);
        assertEq(address(distributor), distributorAt);
        assertEq(address(devices), devicesAt);
    }

    function make(string memory name, bytes memory arguments) internal returns (address) {
        return deployCode(string.concat(name, ".sol:", name), arguments);
    }

    function distributorSettings() internal pure returns (DistributorSettings memory) {
        return DistributorSettings(CAPACITY, MIN_CAPACITY, MAX_CAPACITY, 24 hours, MAX_FEE_BPS, MAX_BATCH);
    }

    function fund(address account, uint256 amount) internal {
        vm.prank(bank);
        token.transfer(account, amount);
    }

    /// @dev Adds `count` operators; key i belongs to account operator-i.
    function admitOperators(uint256 count) internal {
        for (uint256 i = 0; i < count; ++i) {
            (address key, uint256 secret) = makeAddrAndKey(string.concat("operator", vm.toString(keys.length)));
            keys.push(secret);
            reportKeys.push(key);
            registerOperator(key, MIN_BOND);
        }
        sortKeys();
    }

    function registerOperator(address key, uint128 bond) internal {
        address account = accountOf(key);
        fund(account, bond);
        vm.startPrank(account);
        token.approve(address(operators), bond);
        operators.register(key, protocolKeyOf(key), "https://operator.example", bond);
        vm.stopPrank();
    }

    function accountOf(address key) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("account", key)))));
    }

    function protocolKeyOf(address key) internal pure returns (bytes32) {
        return keccak256(abi.encode("protocol", key));
    }

    function sortKeys() internal {
        for (uint256 i = 1; i < reportKeys.length; ++i) {
            for (uint256 j = i; j > 0 && reportKeys[j - 1] > reportKeys[j]; --j) {
                (reportKeys[j - 1], reportKeys[j]) = (reportKeys[j], reportKeys[j - 1]);
                (keys[j - 1], keys[j]) = (keys[j], keys[j - 1]);
            }
        }
    }

    function schedule(uint64 firstEpoch) internal {
        vm.prank(admin);
        operators.scheduleConfig(reportKeys, firstEpoch, PARAMETERS, RULES);
    }

    /// @dev Gives `count` providers a place in the reward tree.
    function enrol(uint256 count) internal {
        for (uint256 i = 0; i < count; ++i) {
            address account = provider(payouts.count());
            vm.prank(address(devices));
            payouts.ensure(account);
        }
    }

    function provider(uint256 index) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("provider", index)))));
    }

    // --- reports

    /// @dev A valid report of the next epoch: everything allocated that `total` adds, the rest unallocated.
    function nextReport(bytes32 root, uint32 leafCount, uint128 total) internal view returns (Report memory r) {
        uint64 epoch = verifier.nextEpoch();
        (uint64 start, uint64 end) = verifier.periodOf(epoch);
        uint128 parentTotal = verifier.accepted(epoch - 1).cumulativeTotal;
        r = Report({
            configDigest: operators.configDigestAt(epoch),
            generation: verifier.generation(),
            epoch: epoch,
            periodStart: start,
            periodEnd: end,
            anchorNumber: uint64(block.number),
            anchorHash: keccak256(abi.encode("anchor", epoch)),
            previousDigest: verifier.accepted(epoch - 1).digest,
            evidenceRoot: keccak256(abi.encode("evidence", epoch)),
            stateRoot: keccak256(abi.encode("state", epoch)),
            rewardsRoot: root,
            meteringRoot: bytes32(0),
            leafCount: leafCount,
            cumulativeTotal: total,
            unallocated: emission.budgetOf(epoch) - (total - parentTotal),
            manifestHash: keccak256(abi.encode("manifest", epoch))
        });
    }

    function encode(Report memory r) internal pure returns (bytes memory) {
        return abi.encodePacked(
            "\x19DePIN report v1",
            abi.encodePacked(
                r.configDigest, r.generation, r.epoch, r.periodStart, r.periodEnd, r.anchorNumber, r.anchorHash
            ),
            abi.encodePacked(r.previousDigest, r.evidenceRoot, r.stateRoot, r.rewardsRoot, r.meteringRoot),
            abi.encodePacked(r.leafCount, r.cumulativeTotal, r.unallocated, r.manifestHash)
        );
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 vs) = vm.signCompact(key, digest);
        return abi.encodePacked(r, vs);
    }

    /// @dev Signatures of the operators in `bitmap`, ascending.
    function signatures(bytes memory report, uint32 bitmap) internal view returns (bytes memory all) {
        bytes32 digest = keccak256(report);
        for (uint256 i = 0; i < keys.length; ++i) {
            if ((bitmap >> i) & 1 == 1) all = abi.encodePacked(all, sign(keys[i], digest));
        }
    }

    uint32 internal constant QUORUM = 0x1f;

    function attest(Report memory r) internal virtual {
        bytes memory report = encode(r);
        verifier.attest(report, QUORUM, signatures(report, QUORUM));
    }

    function toEndOf(uint64 epoch) internal {
        (, uint64 end) = verifier.periodOf(epoch);
        if (block.timestamp < end) vm.warp(end);
    }

    /// @dev Attests the next epoch with these leaves, once its period is over.
    function attestLeaves(RewardLeaf[] memory leaves) internal returns (Report memory r) {
        toEndOf(verifier.nextEpoch());
        r = nextReport(Tree.root(distributor.domain(), leaves), uint32(leaves.length), Tree.total(leaves));
        attest(r);
    }

    function finalizeNext() internal {
        uint64 epoch = verifier.nextFinal();
        uint64 claimableAt = verifier.accepted(epoch).claimableAt;
        if (block.timestamp < claimableAt) vm.warp(claimableAt);
        verifier.finalize(epoch);
    }

    /// @dev Leaves of the first `count` providers, each with `each` per epoch of `epochs`.
    function evenLeaves(uint256 count, uint128 each) internal view returns (RewardLeaf[] memory leaves) {
        leaves = new RewardLeaf[](count);
        for (uint32 i = 0; i < count; ++i) {
            leaves[i].account = payouts.accountAt(i);
            leaves[i].cumulative = each;
            leaves[i].itemsHash = keccak256(abi.encode("items", i, each));
        }
        Tree.place(leaves);
    }

    function empty() internal pure returns (RewardLeaf memory leaf, bytes32[] memory proof) {
        proof = new bytes32[](0);
        leaf = RewardLeaf(0, address(0), 0, 0, 0);
    }
}
