// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOperatorRegistry} from "../src/interfaces/IOperatorRegistry.sol";
import {IPayoutRegistry} from "../src/interfaces/IPayoutRegistry.sol";
import {IReportVerifier} from "../src/interfaces/IReportVerifier.sol";
import {Report, RewardLeaf} from "../src/types/Report.sol";
import {Fixture} from "./support/Fixture.sol";
import {Tree} from "./support/Tree.sol";

/// @notice Faults that anyone proves without an arbiter: of a tree, and of a signer.
contract ReportVerifierProofsTest is Fixture {
    RewardLeaf[] internal parent;
    RewardLeaf[] internal child;

    function setUp() public override {
        super.setUp();
        enrol(5);
        keep(parent, evenLeaves(5, 100e18));
    }

    function keep(RewardLeaf[] storage to, RewardLeaf[] memory leaves) internal {
        for (uint256 i = 0; i < leaves.length; ++i) {
            to.push(leaves[i]);
        }
    }

    function proof(RewardLeaf[] memory leaves, uint256 index) internal view returns (bytes32[] memory) {
        return Tree.proof(distributor.domain(), leaves, index);
    }

    /// @dev Attests epoch 1 with the parent's leaves and epoch 2 with `leaves`, whose total is what the report says.
    function attestBoth(RewardLeaf[] memory leaves, uint128 total) internal {
        attestLeaves(parent);
        toEndOf(2);
        attest(nextReport(Tree.root(distributor.domain(), leaves), uint32(leaves.length), total));
    }

    function prove(
        IReportVerifier.TreeFault fault,
        RewardLeaf[] memory leaves,
        uint256 index,
        RewardLeaf[] memory others,
        uint256 otherIndex
    ) internal {
        verifier.proveTreeFault(
            2, fault, leaves[index], proof(leaves, index), others[otherIndex], proof(others, otherIndex)
        );
    }

    function assertCancelled() internal view {
        assertEq(uint8(verifier.accepted(2).status), uint8(IReportVerifier.Status.Cancelled));
        assertEq(uint8(verifier.accepted(1).status), uint8(IReportVerifier.Status.Pending));
        assertEq(verifier.generation(), 1);
        assertEq(verifier.cancellations(2), 1);
    }

    function refuse(
        IReportVerifier.TreeFault fault,
        RewardLeaf[] memory leaves,
        uint256 index,
        RewardLeaf[] memory others,
        uint256 otherIndex
    ) internal {
        bytes32[] memory p = proof(leaves, index);
        bytes32[] memory q = proof(others, otherIndex);
        vm.expectRevert(IReportVerifier.NoFault.selector);
        verifier.proveTreeFault(2, fault, leaves[index], p, others[otherIndex], q);
    }

    // --- the four faults

    function test_An_account_that_is_not_at_its_index_cancels() public {
        RewardLeaf[] memory leaves = evenLeaves(5, 101e18);
        leaves[3].account = address(this);
        attestBoth(leaves, 505e18);
        vm.expectEmit(address(verifier));
        emit IReportVerifier.TreeFaultProven(2, IReportVerifier.TreeFault.WrongAccount, 3, address(this));
        prove(IReportVerifier.TreeFault.WrongAccount, leaves, 3, leaves, 3);
        assertCancelled();
    }

    function test_A_cumulative_below_the_parents_cancels() public {
        RewardLeaf[] memory leaves = evenLeaves(5, 101e18);
        leaves[2].cumulative = 99e18;
        leaves[4].cumulative = 103e18;
        Tree.place(leaves);
        attestBoth(leaves, 505e18);
        prove(IReportVerifier.TreeFault.Decreased, leaves, 2, parent, 2);
        assertCancelled();
    }

    function test_A_prefix_that_does_not_follow_cancels() public {
        RewardLeaf[] memory leaves = evenLeaves(5, 101e18);
        leaves[3].prefix += 1;
        attestBoth(leaves, 505e18);
        prove(IReportVerifier.TreeFault.WrongPrefix, leaves, 3, leaves, 2);
        assertCancelled();
    }

    function test_A_first_prefix_above_zero_cancels() public {
        RewardLeaf[] memory leaves = evenLeaves(5, 101e18);
        leaves[0].prefix = 1;
        attestBoth(leaves, 505e18);
        prove(IReportVerifier.TreeFault.WrongPrefix, leaves, 0, leaves, 0);
        assertCancelled();
    }

    function test_A_last_leaf_that_does_not_reach_the_total_cancels() public {
        RewardLeaf[] memory leaves = evenLeaves(5, 101e18);
        attestBoth(leaves, 505e18 + 1);
        prove(IReportVerifier.TreeFault.WrongTotal, leaves, 4, leaves, 4);
        assertCancelled();
    }

    function test_Sums_beyond_128_bits_are_faults_and_not_overflows() public {
        RewardLeaf[] memory leaves = evenLeaves(5, 101e18);
        leaves[2].cumulative = type(uint128).max;
        attestBoth(leaves, 505e18);
        prove(IReportVerifier.TreeFault.WrongPrefix, leaves, 3, leaves, 2);
        assertCancelled();
    }

    function test_A_last_sum_beyond_128_bits_is_a_fault() public {
        RewardLeaf[] memory leaves = evenLeaves(5, 101e18);
        leaves[4].cumulative = type(uint128).max;
        attestBoth(leaves, 505e18);
        prove(IReportVerifier.TreeFault.WrongTotal, leaves, 4, leaves, 4);
        assertCancelled();
    }

    function test_A_proven_fault_returns_the_challengers_bond() public {
        RewardLeaf[] memory leaves = evenLeaves(5, 101e18);
        attestBoth(leaves, 505e18 + 1);
        address challenger = makeAddr("challenger");
        fund(challenger, CHALLENGE_BOND);
        vm.startPrank(challenger);
        token.approve(address(verifier), CHALLENGE_BOND);
        verifier.challenge(2, 0);
        vm.stopPrank();
        prove(IReportVerifier.TreeFault.WrongTotal, leaves, 4, leaves, 4);
        assertEq(token.balanceOf(challenger), CHALLENGE_BOND);
    }

    function test_A_fault_of_the_first_epoch_is_proven_too() public {
        RewardLeaf[] memory leaves = evenLeaves(1, 101e18);
        leaves[0].prefix = 1;
        toEndOf(1);
        attest(nextReport(Tree.root(distributor.domain(), leaves), 1, 101e18));
        verifier.proveTreeFault(
            1, IReportVerifier.TreeFault.WrongPrefix, leaves[0], new bytes32[](0), leaves[0], new bytes32[](0)
        );
        assertEq(verifier.nextEpoch(), 1);
    }

    // --- a sound tree has none

    function test_guard_A_sound_tree_has_no_fault() public {
        RewardLeaf[] memory leaves = evenLeaves(5, 101e18);
        attestBoth(leaves, 505e18);
        for (uint256 i = 0; i < 5; ++i) {
            refuse(IReportVerifier.TreeFault.WrongAccount, leaves, i, leaves, i);
            refuse(IReportVerifier.TreeFault.Decreased, leaves, i, parent, i);
            refuse(IReportVerifier.TreeFault.WrongPrefix, leaves, i, leaves, i == 0 ? 0 : i - 1);
            refuse(IReportVerifier.TreeFault.WrongTotal, leaves, i, leaves, i);
        }
    }

    function test_guard_A_decrease_is_of_one_index() public {
        RewardLeaf[] memory leaves = evenLeaves(5, 101e18);
        leaves[0].cumulative = 200e18;
        Tree.place(leaves);
        attestLeaves(parent);
        attestLeaves(leaves);
        RewardLeaf[] memory next = evenLeaves(5, 201e18);
        next[1].cumulative = 150e18;
        Tree.place(next);
        toEndOf(3);
        attest(nextReport(Tree.root(distributor.domain(), next), 5, Tree.total(next)));
        bytes32[] memory p = proof(next, 1);
        bytes32[] memory q = proof(leaves, 0);
        vm.expectRevert(IReportVerifier.NoFault.selector);
        verifier.proveTreeFault(3, IReportVerifier.TreeFault.Decreased, next[1], p, leaves[0], q);
    }

    function test_guard_A_prefix_follows_from_the_leaf_right_before_it() public {
        RewardLeaf[] memory leaves = evenLeaves(5, 101e18);
        attestBoth(leaves, 505e18);
        refuse(IReportVerifier.TreeFault.WrongPrefix, leaves, 3, leaves, 1);
        refuse(IReportVerifier.TreeFault.WrongPrefix, leaves, 1, leaves, 2);
    }

    function test_guard_Leaves_must_stand_in_their_trees() public {
        RewardLeaf[] memory leaves = evenLeaves(5, 101e18);
        attestBoth(leaves, 505e18);
        bytes32[] memory own = proof(leaves, 1);
        bytes32[] memory foreign = proof(leaves, 2);
        vm.expectRevert(IReportVerifier.BadProof.selector);
        verifier.proveTreeFault(2, IReportVerifier.TreeFault.WrongAccount, leaves[1], foreign, leaves[1], own);
        RewardLeaf memory forged = leaves[1];
        forged.cumulative = type(uint128).max;
        vm.expectRevert(IReportVerifier.BadProof.selector);
        verifier.proveTreeFault(2, IReportVerifier.TreeFault.Decreased, leaves[2], foreign, forged, own);
        forged.index = 1;
        vm.expectRevert(IReportVerifier.BadProof.selector);
        verifier.proveTreeFault(2, IReportVerifier.TreeFault.WrongPrefix, leaves[2], foreign, forged, own);
    }

    function test_guard_A_final_report_has_no_faults_left_to_prove() public {
        RewardLeaf[] memory leaves = evenLeaves(5, 101e18);
        attestBoth(leaves, 505e18 + 1);
        finalizeNext();
        finalizeNext();
        bytes32[] memory p = proof(leaves, 4);
        vm.expectRevert(abi.encodeWithSelector(IReportVerifier.WrongStatus.selector, 2, IReportVerifier.Status.Final));
        verifier.proveTreeFault(2, IReportVerifier.TreeFault.WrongTotal, leaves[4], p, leaves[4], p);
    }

    function testFuzz_Any_wrong_prefix_is_provable(uint8 at, uint128 prefix) public {
        uint256 index = bound(at, 0, 4);
        RewardLeaf[] memory leaves = evenLeaves(5, 101e18);
        vm.assume(prefix != leaves[index].prefix);
        leaves[index].prefix = prefix;
        attestBoth(leaves, 505e18);
        prove(IReportVerifier.TreeFault.WrongPrefix, leaves, index, leaves, index == 0 ? 0 : index - 1);
        assertCancelled();
    }

    // --- equivocation

    function twoReports() internal view returns (Report memory a, Report memory b) {
        a = nextReport(bytes32(0), 0, 0);
        b = nextReport(bytes32(0), 0, 0);
        b.manifestHash = keccak256("another");
    }

    function accuse(Report memory a, Report memory b, uint256 keyA, uint256 keyB) internal {
        bytes memory x = encode(a);
        bytes memory y = encode(b);
        verifier.proveEquivocation(x, sign(keyA, keccak256(x)), y, sign(keyB, keccak256(y)));
    }

    function refuseAccusation(Report memory a, Report memory b, uint256 keyA, uint256 keyB, bytes memory reason)
        internal
    {
        bytes memory x = encode(a);
        bytes memory y = encode(b);
        bytes memory s = sign(keyA, keccak256(x));
        bytes memory t = sign(keyB, keccak256(y));
        vm.expectRevert(reason);
        verifier.proveEquivocation(x, s, y, t);
    }

    function test_Two_digests_of_one_signer_cost_its_whole_bond() public {
        (Report memory a, Report memory b) = twoReports();
        bytes32 x = keccak256(encode(a));
        bytes32 y = keccak256(encode(b));
        vm.expectEmit(address(verifier));
        emit IReportVerifier.EquivocationProven(reportKeys[2], 1, 0, x, y, address(this));
        accuse(a, b, keys[2], keys[2]);
        assertTrue(operators.operator(reportKeys[2]).slashed);
        assertEq(token.balanceOf(address(this)), MIN_BOND / 20);
    }

    function test_guard_Nobody_is_slashed_twice_for_it() public {
        (Report memory a, Report memory b) = twoReports();
        accuse(a, b, keys[2], keys[2]);
        refuseAccusation(
            a, b, keys[2], keys[2], abi.encodeWithSelector(IOperatorRegistry.OperatorSlashed.selector, reportKeys[2])
        );
    }

    function test_guard_One_report_is_no_equivocation() public {
        (Report memory a,) = twoReports();
        refuseAccusation(a, a, keys[2], keys[2], abi.encodeWithSelector(IReportVerifier.NotEquivocation.selector));
    }

    function test_guard_Another_config_epoch_or_generation_is_no_equivocation() public {
        bytes memory reason = abi.encodeWithSelector(IReportVerifier.NotEquivocation.selector);
        (Report memory a, Report memory b) = twoReports();
        b.generation = 1;
        refuseAccusation(a, b, keys[2], keys[2], reason);
        (, b) = twoReports();
        b.epoch = 2;
        refuseAccusation(a, b, keys[2], keys[2], reason);
        (, b) = twoReports();
        b.configDigest = keccak256("another");
        refuseAccusation(a, b, keys[2], keys[2], reason);
    }

    function test_guard_Two_signers_are_no_equivocation() public {
        (Report memory a, Report memory b) = twoReports();
        refuseAccusation(a, b, keys[2], keys[3], abi.encodeWithSelector(IReportVerifier.NotEquivocation.selector));
    }

    function test_guard_Who_is_not_of_the_set_is_not_slashed() public {
        (Report memory a, Report memory b) = twoReports();
        (address stranger, uint256 key) = makeAddrAndKey("stranger");
        refuseAccusation(a, b, key, key, abi.encodeWithSelector(IReportVerifier.NotSigner.selector, stranger));
        registerOperator(stranger, MIN_BOND);
        refuseAccusation(a, b, key, key, abi.encodeWithSelector(IReportVerifier.NotSigner.selector, stranger));
    }

    function test_guard_The_config_of_an_equivocation_exists() public {
        (Report memory a, Report memory b) = twoReports();
        a.configDigest = b.configDigest = keccak256("none");
        refuseAccusation(a, b, keys[2], keys[2], abi.encodeWithSelector(IOperatorRegistry.UnknownConfig.selector));
    }

    function test_guard_Signatures_of_an_equivocation_hold_64_bytes() public {
        (Report memory a, Report memory b) = twoReports();
        bytes memory x = encode(a);
        bytes memory y = encode(b);
        bytes memory s = sign(keys[2], keccak256(x));
        bytes memory t = sign(keys[2], keccak256(y));
        vm.expectRevert(abi.encodeWithSelector(IReportVerifier.BadSignature.selector, 0));
        verifier.proveEquivocation(x, bytes.concat(s, hex"00"), y, t);
        vm.expectRevert(abi.encodeWithSelector(IReportVerifier.BadSignature.selector, 1));
        verifier.proveEquivocation(x, s, y, bytes.concat(t, hex"00"));
    }

    function test_guard_A_signature_of_nobody_proves_nothing() public {
        (Report memory a, Report memory b) = twoReports();
        bytes memory x = encode(a);
        bytes memory y = encode(b);
        bytes memory t = sign(keys[2], keccak256(y));
        vm.expectRevert(abi.encodeWithSelector(IReportVerifier.BadSignature.selector, 0));
        verifier.proveEquivocation(x, new bytes(64), y, t);
    }

    function test_An_equivocation_of_a_former_signer_is_proven_until_its_bond_left() public {
        (Report memory a, Report memory b) = twoReports();
        address[] memory four = new address[](4);
        for (uint256 i = 0; i < 4; ++i) {
            four[i] = reportKeys[i];
        }
        vm.prank(admin);
        operators.scheduleConfig(four, 2, PARAMETERS, RULES);
        toEndOf(1);
        attest(a);
        finalizeNext();
        vm.prank(accountOf(reportKeys[6]));
        operators.requestExit(reportKeys[6]);
        accuse(a, b, keys[6], keys[6]);
        assertTrue(operators.operator(reportKeys[6]).slashed);
    }

    function test_Signing_again_after_a_cancellation_is_no_equivocation() public {
        toEndOf(1);
        (Report memory a,) = twoReports();
        attest(a);
        vm.prank(arbiter);
        verifier.cancel(1);
        (, Report memory b) = twoReports();
        attest(b);
        refuseAccusation(a, b, keys[0], keys[0], abi.encodeWithSelector(IReportVerifier.NotEquivocation.selector));
    }
}
