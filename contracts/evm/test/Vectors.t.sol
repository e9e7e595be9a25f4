// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IDeviceRegistry} from "../src/interfaces/IDeviceRegistry.sol";
import {IEmissionController} from "../src/interfaces/IEmissionController.sol";
import {INetworkToken} from "../src/interfaces/INetworkToken.sol";
import {IOperatorRegistry} from "../src/interfaces/IOperatorRegistry.sol";
import {IPayoutRegistry} from "../src/interfaces/IPayoutRegistry.sol";
import {IReportVerifier} from "../src/interfaces/IReportVerifier.sol";
import {IRewardDistributor} from "../src/interfaces/IRewardDistributor.sol";
import {RewardLeaf} from "../src/types/Report.sol";
import {Fixture} from "./support/Fixture.sol";

/// @notice The golden vectors of contracts/vectors, put through the deployed contracts at the addresses that the vectors name.
contract VectorsTest is Fixture {
    string internal network;
    string internal config;
    string internal report;
    string internal faults;
    string internal trees;

    function setUp() public override {
        network = read("network");
        config = read("config");
        report = read("report");
        faults = read("faults");
        trees = read("tree");
        vm.chainId(31_337);

        token = INetworkToken(vm.parseJsonAddress(network, ".token"));
        verifier = IReportVerifier(vm.parseJsonAddress(network, ".verifier"));
        distributor = IRewardDistributor(vm.parseJsonAddress(network, ".distributor"));
        emission = IEmissionController(makeAddr("emission"));
        operators = IOperatorRegistry(makeAddr("operators"));
        payouts = IPayoutRegistry(makeAddr("payouts"));
        devices = IDeviceRegistry(makeAddr("devices"));

        INetworkToken.Allocation[] memory genesis = new INetworkToken.Allocation[](1);
        genesis[0] = INetworkToken.Allocation(bank, GENESIS_SUPPLY);
        place("NetworkToken", abi.encode("Network", "NET", 18, CAP, emission, genesis), address(token));
        place("PayoutRegistry", abi.encode(devices, address(0), RECIPIENT_DELAY), address(payouts));
        place(
            "OperatorRegistry",
            abi.encode(
                token, verifier, distributor, admin, OperatorSettings(MIN_BOND, BOND_THAW, SILENCE, REPORTER_BPS)
            ),
            address(operators)
        );
        uint64 start = uint64(number(report, ".fields.periodStart"));
        uint64 length = uint64(number(report, ".fields.periodEnd")) - start;
        place(
            "ReportVerifier",
            abi.encode(
                VerifierContracts(
                    address(operators),
                    address(emission),
                    address(payouts),
                    address(distributor),
                    address(token),
                    arbiter
                ),
                VerifierSettings(start, length, WINDOW, EXTENSION, CHALLENGE_BOND)
            ),
            address(verifier)
        );
        DistributorSettings memory settings = distributorSettings();
        settings.capacity = settings.maxCapacity = type(uint112).max;
        place("RewardDistributor", abi.encode(token, verifier, payouts, admin, settings), address(distributor));

        vm.warp(start - 1);
        reportKeys = vm.parseJsonAddressArray(network, ".operators.addresses");
        keys = vm.parseJsonUintArray(network, ".operators.reportKeys");
        bytes32[] memory protocolKeys = vm.parseJsonBytes32Array(network, ".operators.protocolKeys");
        for (uint256 i = 0; i < reportKeys.length; ++i) {
            fund(accountOf(reportKeys[i]), MIN_BOND);
            vm.startPrank(accountOf(reportKeys[i]));
            token.approve(address(operators), MIN_BOND);
            operators.register(reportKeys[i], protocolKeys[i], "", MIN_BOND);
            vm.stopPrank();
        }
        vm.prank(admin);
        operators.scheduleConfig(
            reportKeys,
            uint64(number(config, ".firstEpoch")),
            vm.parseJsonBytes32(config, ".parametersHash"),
            vm.parseJsonBytes32(config, ".rulesHash")
        );
        address[] memory accounts = vm.parseJsonAddressArray(faults, ".accounts");
        for (uint256 i = 0; i < accounts.length; ++i) {
            vm.prank(address(devices));
            payouts.ensure(accounts[i]);
        }
        vm.warp(start + length);
    }

    function read(string memory name) internal view returns (string memory) {
        return vm.readFile(string.concat("contracts/vectors/", name, ".json"));
    }

    function number(string memory json, string memory key) internal pure returns (uint256) {
        return vm.parseJsonUint(json, key);
    }

    function place(string memory name, bytes memory arguments, address where) internal {
        deployCodeTo(string.concat(name, ".sol:", name), arguments, where);
    }

    function setBudget(uint256 budget) internal {
        vm.mockCall(
            address(emission), abi.encodeWithSelector(IEmissionController.budgetOf.selector), abi.encode(budget)
        );
    }

    function leafAt(string memory json, string memory path) internal pure returns (RewardLeaf memory) {
        return RewardLeaf(
            uint32(number(json, string.concat(path, ".index"))),
            vm.parseJsonAddress(json, string.concat(path, ".account")),
            uint128(number(json, string.concat(path, ".cumulative"))),
            uint128(number(json, string.concat(path, ".prefix"))),
            vm.parseJsonBytes32(json, string.concat(path, ".itemsHash"))
        );
    }

    // --- config and report

    function test_The_config_digest_is_the_vectors() public view {
        IOperatorRegistry.Config memory c = operators.configAt(1);
        assertEq(c.digest, vm.parseJsonBytes32(config, ".digest"));
        assertEq(c.q, number(config, ".quorum"));
        assertEq(keccak256(vm.parseJsonBytes(config, ".preimage")), c.digest);
    }

    function attestVector() internal returns (bytes memory bytes_) {
        bytes_ = vm.parseJsonBytes(report, ".bytes");
        setBudget(number(report, ".fields.cumulativeTotal") + number(report, ".fields.unallocated"));
        verifier.attest(
            bytes_,
            uint32(number(report, ".attestations.bitmap")),
            join(vm.parseJsonBytesArray(report, ".attestations.signatures"))
        );
    }

    function join(bytes[] memory parts) internal pure returns (bytes memory all) {
        for (uint256 i = 0; i < parts.length; ++i) {
            all = bytes.concat(all, parts[i]);
        }
    }

    function test_The_report_and_its_attestations_are_accepted() public {
        bytes memory bytes_ = attestVector();
        IReportVerifier.Accepted memory a = verifier.accepted(1);
        assertEq(a.digest, vm.parseJsonBytes32(report, ".digest"));
        assertEq(a.digest, keccak256(bytes_));
        assertEq(a.rewardsRoot, vm.parseJsonBytes32(report, ".fields.rewardsRoot"));
        assertEq(a.cumulativeTotal, number(report, ".fields.cumulativeTotal"));
        assertEq(a.leafCount, number(report, ".fields.leafCount"));
    }

    function test_Our_signatures_are_the_vectors_byte_by_byte() public view {
        bytes memory ours =
            signatures(vm.parseJsonBytes(report, ".bytes"), uint32(number(report, ".attestations.bitmap")));
        assertEq(ours, join(vm.parseJsonBytesArray(report, ".attestations.signatures")));
    }

    function test_The_equivocation_is_proven() public {
        bytes[] memory all = vm.parseJsonBytesArray(report, ".attestations.signatures");
        uint256[] memory signers = vm.parseJsonUintArray(report, ".attestations.signers");
        uint256 who = vm.parseJsonUintArray(report, ".equivocation.signers")[0];
        bytes memory first;
        for (uint256 i = 0; i < signers.length; ++i) {
            if (signers[i] == who) first = all[i];
        }
        verifier.proveEquivocation(
            vm.parseJsonBytes(report, ".bytes"),
            first,
            vm.parseJsonBytes(report, ".equivocation.bytes"),
            vm.parseJsonBytesArray(report, ".equivocation.signatures")[0]
        );
        assertTrue(operators.operator(reportKeys[who]).slashed);
    }

    // --- trees

    function test_The_reward_domain_is_the_vectors() public view {
        assertEq(distributor.domain(), vm.parseJsonBytes32(network, ".rewardDomain"));
        assertEq(distributor.domain(), vm.parseJsonBytes32(trees, ".domain"));
    }

    function test_Every_leaf_of_every_tree_is_paid() public {
        uint256 count = vm.parseJsonUintArray(trees, ".sizes").length;
        uint256 fresh = vm.snapshotState();
        for (uint256 t = 0; t < count; ++t) {
            payTree(string.concat(".trees[", vm.toString(t), "]"));
            vm.revertToState(fresh);
        }
    }

    function payTree(string memory path) internal {
        bytes32 root = vm.parseJsonBytes32(trees, string.concat(path, ".root"));
        uint128 total = uint128(number(trees, string.concat(path, ".total")));
        uint256 size = number(trees, string.concat(path, ".leafCount"));
        fund(address(distributor), total);
        vm.prank(address(verifier));
        distributor.advance(1, root, uint32(size), total);
        address[] memory accounts = vm.parseJsonAddressArray(trees, string.concat(path, ".accounts"));
        uint256[] memory cumulatives = vm.parseJsonUintArray(trees, string.concat(path, ".cumulatives"));
        uint256[] memory prefixes = vm.parseJsonUintArray(trees, string.concat(path, ".prefixes"));
        bytes32[] memory itemsHashes = vm.parseJsonBytes32Array(trees, string.concat(path, ".itemsHashes"));
        for (uint256 i = 0; i < size; ++i) {
            bytes32[] memory proof =
                vm.parseJsonBytes32Array(trees, string.concat(path, ".proofs[", vm.toString(i), "]"));
            RewardLeaf memory leaf =
                RewardLeaf(uint32(i), accounts[i], uint128(cumulatives[i]), uint128(prefixes[i]), itemsHashes[i]);
            if (leaf.cumulative == 0) continue;
            vm.prank(leaf.account);
            assertEq(distributor.claim(root, leaf, proof), leaf.cumulative);
        }
        assertEq(distributor.totalClaimed(), total);
        assertEq(token.balanceOf(address(distributor)), 0);
    }

    // --- tree faults

    function test_Every_fault_is_proven_and_none_in_the_honest_tree() public {
        string[5] memory names = ["wrongAccount", "decreased", "wrongPrefix", "firstPrefix", "wrongTotal"];
        attestVector();
        (, uint64 end) = verifier.periodOf(2);
        vm.warp(end);
        uint256 parentOnly = vm.snapshotState();
        for (uint256 i = 0; i < names.length; ++i) {
            proveFault(string.concat(".", names[i]));
            assertEq(uint8(verifier.accepted(2).status), uint8(IReportVerifier.Status.Cancelled));
            vm.revertToState(parentOnly);
        }
        attestTree(".honest", ".total");
        for (uint256 i = 0; i < 6; ++i) {
            refuseHonest(i);
        }
    }

    function attestTree(string memory path, string memory totalKey) internal {
        uint128 total = uint128(number(faults, string.concat(path, totalKey)));
        setBudget(total - verifier.accepted(1).cumulativeTotal);
        attestSmall(
            vm.parseJsonBytes32(faults, string.concat(path, ".root")),
            uint32(number(faults, string.concat(path, ".leafCount"))),
            total
        );
    }

    function attestSmall(bytes32 root, uint32 leafCount, uint128 total) internal {
        bytes memory bytes_ = encode(nextReport(root, leafCount, total));
        verifier.attest(bytes_, 7, signatures(bytes_, 7));
    }

    function proveFault(string memory path) internal {
        attestTree(path, ".cumulativeTotal");
        verifier.proveTreeFault(
            2,
            IReportVerifier.TreeFault(number(faults, string.concat(path, ".fault"))),
            leafAt(faults, string.concat(path, ".leaf")),
            vm.parseJsonBytes32Array(faults, string.concat(path, ".proof")),
            leafAt(faults, string.concat(path, ".other")),
            vm.parseJsonBytes32Array(faults, string.concat(path, ".otherProof"))
        );
    }

    function honest(uint256 i) internal view returns (RewardLeaf memory leaf, bytes32[] memory proof) {
        leaf = RewardLeaf(
            uint32(i),
            vm.parseJsonAddressArray(faults, ".honest.accounts")[i],
            uint128(vm.parseJsonUintArray(faults, ".honest.cumulatives")[i]),
            uint128(vm.parseJsonUintArray(faults, ".honest.prefixes")[i]),
            vm.parseJsonBytes32Array(faults, ".honest.itemsHashes")[i]
        );
        proof = vm.parseJsonBytes32Array(faults, string.concat(".honest.proofs[", vm.toString(i), "]"));
    }

    function refuseHonest(uint256 i) internal {
        (RewardLeaf memory leaf, bytes32[] memory proof) = honest(i);
        (RewardLeaf memory before, bytes32[] memory proofBefore) = honest(i == 0 ? 0 : i - 1);
        vm.expectRevert(IReportVerifier.NoFault.selector);
        verifier.proveTreeFault(2, IReportVerifier.TreeFault.WrongAccount, leaf, proof, leaf, proof);
        vm.expectRevert(IReportVerifier.NoFault.selector);
        verifier.proveTreeFault(2, IReportVerifier.TreeFault.WrongPrefix, leaf, proof, before, proofBefore);
        vm.expectRevert(IReportVerifier.NoFault.selector);
        verifier.proveTreeFault(2, IReportVerifier.TreeFault.WrongTotal, leaf, proof, leaf, proof);
    }
}
