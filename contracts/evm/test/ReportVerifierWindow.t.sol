// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IPayoutRegistry} from "../src/interfaces/IPayoutRegistry.sol";
import {IReportVerifier} from "../src/interfaces/IReportVerifier.sol";
import {Report, RewardLeaf} from "../src/types/Report.sol";
import {Fixture} from "./support/Fixture.sol";
import {Tree} from "./support/Tree.sol";

/// @notice From acceptance to finality: challenge, cancellation, tree faults, equivocation.
contract ReportVerifierWindowTest is Fixture {
    address internal challenger = makeAddr("challenger");

    function setUp() public override {
        super.setUp();
        enrol(5);
        fund(challenger, 4 * CHALLENGE_BOND);
        vm.prank(challenger);
        token.approve(address(verifier), type(uint256).max);
    }

    function challenge(uint64 epoch) internal {
        vm.prank(challenger);
        verifier.challenge(epoch, keccak256("why"));
    }

    function cancel(uint64 epoch) internal {
        vm.prank(arbiter);
        verifier.cancel(epoch);
    }

    function status(uint64 epoch) internal view returns (IReportVerifier.Status) {
        return verifier.accepted(epoch).status;
    }

    function assertStatus(uint64 epoch, IReportVerifier.Status expected) internal view {
        assertEq(uint8(status(epoch)), uint8(expected));
    }

    // --- finality

    function test_A_report_becomes_final_mints_and_hands_over_its_root() public {
        Report memory r = attestLeaves(evenLeaves(5, 100e18));
        vm.warp(block.timestamp + WINDOW);
        vm.expectEmit(address(verifier));
        emit IReportVerifier.ReportFinalized(1, keccak256(encode(r)), r.rewardsRoot, 500e18, 5);
        verifier.finalize(1);
        assertStatus(1, IReportVerifier.Status.Final);
        assertEq(verifier.nextFinal(), 2);
        assertEq(token.balanceOf(address(distributor)), 500e18);
        assertEq(distributor.current().root, r.rewardsRoot);
        assertEq(distributor.current().epoch, 1);
        assertEq(emission.nextEpoch(), 2);
    }

    function test_An_epoch_without_payout_accounts_becomes_final_without_a_root() public {
        delete keys;
        delete reportKeys;
        vm.warp(GENESIS - 3 days);
        deploy();
        admitOperators(N);
        schedule(1);
        toEndOf(1);
        attest(nextReport(bytes32(0), 0, 0));
        finalizeNext();
        assertEq(distributor.current().root, bytes32(0));
        assertEq(token.balanceOf(address(distributor)), 0);
    }

    function test_guard_Nothing_is_final_before_its_window_ends() public {
        attestLeaves(evenLeaves(5, 1e18));
        uint64 claimableAt = verifier.accepted(1).claimableAt;
        vm.warp(claimableAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IReportVerifier.WindowOpen.selector, claimableAt));
        verifier.finalize(1);
    }

    function test_guard_Reports_become_final_in_order_and_once() public {
        attestLeaves(evenLeaves(5, 1e18));
        attestLeaves(evenLeaves(5, 2e18));
        vm.warp(block.timestamp + WINDOW);
        vm.expectRevert(abi.encodeWithSelector(IReportVerifier.NotInOrder.selector, 1, 2));
        verifier.finalize(2);
        verifier.finalize(1);
        vm.expectRevert(abi.encodeWithSelector(IReportVerifier.NotInOrder.selector, 2, 1));
        verifier.finalize(1);
        verifier.finalize(2);
    }

    function test_guard_What_was_not_accepted_is_not_final() public {
        vm.expectRevert(abi.encodeWithSelector(IReportVerifier.WrongStatus.selector, 1, IReportVerifier.Status.None));
        verifier.finalize(1);
    }

    function test_guard_What_was_cancelled_is_not_final() public {
        attestLeaves(evenLeaves(5, 1e18));
        cancel(1);
        vm.warp(block.timestamp + WINDOW);
        vm.expectRevert(
            abi.encodeWithSelector(IReportVerifier.WrongStatus.selector, 1, IReportVerifier.Status.Cancelled)
        );
        verifier.finalize(1);
    }

    // --- challenge

    function test_A_challenge_extends_the_window_once_against_a_bond() public {
        attestLeaves(evenLeaves(5, 1e18));
        bytes32 digest = verifier.accepted(1).digest;
        uint64 extended = verifier.accepted(1).claimableAt + EXTENSION;
        vm.expectEmit(address(verifier));
        emit IReportVerifier.ReportChallenged(1, digest, challenger, CHALLENGE_BOND, keccak256("why"), extended);
        challenge(1);
        assertStatus(1, IReportVerifier.Status.Challenged);
        assertEq(verifier.accepted(1).claimableAt, extended);
        assertEq(verifier.challengerOf(digest), challenger);
        assertEq(token.balanceOf(address(verifier)), CHALLENGE_BOND);
    }

    function test_guard_A_report_is_challenged_once() public {
        attestLeaves(evenLeaves(5, 1e18));
        challenge(1);
        vm.prank(challenger);
        vm.expectRevert(abi.encodeWithSelector(IReportVerifier.AlreadyChallenged.selector, 1));
        verifier.challenge(1, 0);
    }

    function test_guard_A_challenge_comes_within_the_window() public {
        attestLeaves(evenLeaves(5, 1e18));
        uint64 claimableAt = verifier.accepted(1).claimableAt;
        vm.warp(claimableAt);
        vm.prank(challenger);
        vm.expectRevert(abi.encodeWithSelector(IReportVerifier.WindowClosed.selector, claimableAt));
        verifier.challenge(1, 0);
    }

    function test_guard_Only_reports_that_are_open_are_challenged_or_cancelled() public {
        bytes memory none = abi.encodeWithSelector(IReportVerifier.WrongStatus.selector, 1, IReportVerifier.Status.None);
        vm.expectRevert(none);
        verifier.challenge(1, 0);
        vm.prank(arbiter);
        vm.expectRevert(none);
        verifier.cancel(1);
        attestLeaves(evenLeaves(5, 1e18));
        finalizeNext();
        bytes memory done =
            abi.encodeWithSelector(IReportVerifier.WrongStatus.selector, 1, IReportVerifier.Status.Final);
        vm.expectRevert(done);
        verifier.challenge(1, 0);
        vm.prank(arbiter);
        vm.expectRevert(done);
        verifier.cancel(1);
    }

    function test_On_silence_the_report_stands_and_the_bond_burns() public {
        attestLeaves(evenLeaves(5, 1e18));
        challenge(1);
        bytes32 digest = verifier.accepted(1).digest;
        uint256 supply = token.totalSupply();
        vm.warp(verifier.accepted(1).claimableAt);
        vm.expectEmit(address(verifier));
        emit IReportVerifier.ChallengeSettled(1, digest, challenger, CHALLENGE_BOND, false);
        verifier.finalize(1);
        assertEq(token.totalSupply(), supply - CHALLENGE_BOND + 5e18 + BASE / 10);
        assertEq(token.balanceOf(address(verifier)), 0);
        assertEq(verifier.challengerOf(digest), address(0));
    }

    function test_A_challenge_that_is_upheld_gets_its_bond_back_and_nothing_more() public {
        attestLeaves(evenLeaves(5, 1e18));
        challenge(1);
        cancel(1);
        assertEq(token.balanceOf(challenger), 4 * CHALLENGE_BOND);
        assertEq(token.balanceOf(address(verifier)), 0);
    }

    function test_Bonds_of_reports_voided_with_an_earlier_one_come_back() public {
        attestLeaves(evenLeaves(5, 1e18));
        attestLeaves(evenLeaves(5, 2e18));
        challenge(2);
        bytes32 digest = verifier.accepted(2).digest;
        cancel(1);
        verifier.reclaimBond(digest);
        assertEq(token.balanceOf(challenger), 4 * CHALLENGE_BOND);
        vm.expectRevert(abi.encodeWithSelector(IReportVerifier.NoChallenge.selector, digest));
        verifier.reclaimBond(digest);
    }

    function test_A_voided_bond_comes_back_even_after_a_successor_was_challenged() public {
        attestLeaves(evenLeaves(5, 1e18));
        attestLeaves(evenLeaves(5, 2e18));
        challenge(2);
        bytes32 digest = verifier.accepted(2).digest;
        cancel(1);
        attestLeaves(evenLeaves(5, 1e18));
        attestLeaves(evenLeaves(5, 2e18));
        challenge(2);
        verifier.reclaimBond(digest);
        assertEq(token.balanceOf(address(verifier)), CHALLENGE_BOND);
        finalizeNext();
        finalizeNext();
        assertEq(token.balanceOf(address(verifier)), 0);
    }

    function test_guard_The_bond_of_a_report_that_is_alive_stays() public {
        attestLeaves(evenLeaves(5, 1e18));
        challenge(1);
        bytes32 digest = verifier.accepted(1).digest;
        vm.expectRevert(
            abi.encodeWithSelector(IReportVerifier.WrongStatus.selector, 1, IReportVerifier.Status.Challenged)
        );
        verifier.reclaimBond(digest);
    }

    function test_guard_Without_a_challenge_there_is_no_bond() public {
        vm.expectRevert(abi.encodeWithSelector(IReportVerifier.NoChallenge.selector, bytes32(0)));
        verifier.reclaimBond(bytes32(0));
    }

    // --- cancellation

    function test_Cancelling_voids_all_later_reports_and_raises_the_generation() public {
        attestLeaves(evenLeaves(5, 1e18));
        attestLeaves(evenLeaves(5, 2e18));
        attestLeaves(evenLeaves(5, 3e18));
        bytes32 digest = verifier.accepted(2).digest;
        vm.expectEmit(address(verifier));
        emit IReportVerifier.ReportCancelled(2, 1, digest, 1);
        cancel(2);
        assertStatus(1, IReportVerifier.Status.Pending);
        assertStatus(2, IReportVerifier.Status.Cancelled);
        assertStatus(3, IReportVerifier.Status.Cancelled);
        assertEq(verifier.generation(), 1);
        assertEq(verifier.nextEpoch(), 2);
        assertEq(verifier.cancellations(2), 1);
        assertEq(verifier.cancellations(3), 0);
        assertEq(verifier.silentSince(), block.timestamp);
    }

    function test_A_cancelled_epoch_is_reported_again() public {
        attestLeaves(evenLeaves(5, 1e18));
        attestLeaves(evenLeaves(5, 2e18));
        cancel(1);
        attestLeaves(evenLeaves(5, 7e18));
        assertStatus(1, IReportVerifier.Status.Pending);
        assertStatus(2, IReportVerifier.Status.Cancelled);
        attestLeaves(evenLeaves(5, 8e18));
        finalizeNext();
        finalizeNext();
        assertEq(token.balanceOf(address(distributor)), 40e18);
    }

    function test_guard_Only_the_arbiter_cancels() public {
        attestLeaves(evenLeaves(5, 1e18));
        vm.expectRevert(abi.encodeWithSelector(IReportVerifier.NotArbiter.selector, address(this)));
        verifier.cancel(1);
    }
}
