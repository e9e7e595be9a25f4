// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOperatorRegistry} from "../src/interfaces/IOperatorRegistry.sol";
import {IReportVerifier} from "../src/interfaces/IReportVerifier.sol";
import {Report, RewardLeaf} from "../src/types/Report.sol";
import {Fixture} from "./support/Fixture.sol";

/// @notice What `attest` accepts and refuses.
contract ReportVerifierTest is Fixture {
    uint256 internal constant GROUP_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function setUp() public override {
        super.setUp();
        enrol(4);
        toEndOf(1);
    }

    /// @dev A report that allocates 1,000 tokens to four accounts.
    function good() internal view returns (Report memory) {
        return nextReport(keccak256("root"), 4, verifier.accepted(verifier.nextEpoch() - 1).cumulativeTotal + 1000e18);
    }

    function refuse(Report memory r, bytes memory reason) internal {
        bytes memory report = encode(r);
        refuse(report, QUORUM, signatures(report, QUORUM), reason);
    }

    function refuse(bytes memory report, uint32 bitmap, bytes memory sigs, bytes memory reason) internal {
        vm.expectRevert(reason);
        verifier.attest(report, bitmap, sigs);
    }

    function test_A_report_is_accepted_and_held_open() public {
        Report memory r = good();
        bytes memory report = encode(r);
        assertEq(report.length, 348);
        uint64 claimableAt = uint64(block.timestamp) + WINDOW;
        vm.expectEmit(address(verifier));
        emit IReportVerifier.ReportAccepted(1, 0, keccak256(report), report, QUORUM, claimableAt);
        verifier.attest(report, QUORUM, signatures(report, QUORUM));

        IReportVerifier.Accepted memory a = verifier.accepted(1);
        assertEq(a.digest, keccak256(report));
        assertEq(a.rewardsRoot, r.rewardsRoot);
        assertEq(a.cumulativeTotal, r.cumulativeTotal);
        assertEq(a.leafCount, 4);
        assertEq(a.claimableAt, claimableAt);
        assertEq(uint8(a.status), uint8(IReportVerifier.Status.Pending));
        assertEq(verifier.nextEpoch(), 2);
        assertEq(verifier.nextFinal(), 1);
        assertEq(verifier.lastAcceptedAt(), block.timestamp);
    }

    function test_Any_quorum_will_do() public {
        uint32[4] memory bitmaps = [uint32(0x1f), 0x7c, 0x57, 0x6d];
        for (uint256 i = 0; i < bitmaps.length; ++i) {
            toEndOf(verifier.nextEpoch());
            bytes memory report = encode(good());
            verifier.attest(report, bitmaps[i], signatures(report, bitmaps[i]));
        }
        assertEq(verifier.nextEpoch(), 5);
    }

    function test_Without_payout_accounts_the_root_is_zero() public {
        attest(nextReport(bytes32(0), 0, 0));
        assertEq(verifier.accepted(1).leafCount, 0);
    }

    // --- form

    function test_guard_The_length_is_exact() public {
        bytes memory report = encode(good());
        bytes memory longer = bytes.concat(report, hex"00");
        refuse(
            longer,
            QUORUM,
            signatures(longer, QUORUM),
            abi.encodeWithSelector(IReportVerifier.BadLength.selector, 349, 348)
        );
        bytes memory shorter = new bytes(347);
        for (uint256 i = 0; i < 347; ++i) {
            shorter[i] = report[i];
        }
        refuse(
            shorter,
            QUORUM,
            signatures(shorter, QUORUM),
            abi.encodeWithSelector(IReportVerifier.BadLength.selector, 347, 348)
        );
    }

    function test_guard_The_tag_is_exact() public {
        bytes memory report = encode(good());
        report[15] = "2";
        refuse(report, QUORUM, signatures(report, QUORUM), abi.encodeWithSelector(IReportVerifier.BadTag.selector));
    }

    // --- place in the chain of reports

    function test_guard_The_epoch_is_the_next() public {
        Report memory r = good();
        r.epoch = 2;
        refuse(r, abi.encodeWithSelector(IReportVerifier.EpochNotNext.selector, 1, 2));
        r.epoch = 0;
        refuse(r, abi.encodeWithSelector(IReportVerifier.EpochNotNext.selector, 1, 0));
    }

    function test_guard_An_epoch_is_accepted_once() public {
        Report memory r = good();
        attest(r);
        refuse(r, abi.encodeWithSelector(IReportVerifier.EpochNotNext.selector, 2, 1));
    }

    function test_guard_The_generation_is_the_current() public {
        Report memory r = good();
        r.generation = 1;
        refuse(r, abi.encodeWithSelector(IReportVerifier.WrongGeneration.selector, 0, 1));
    }

    function test_guard_A_report_from_before_a_cancellation_is_refused() public {
        Report memory r = good();
        attest(r);
        vm.prank(arbiter);
        verifier.cancel(1);
        refuse(r, abi.encodeWithSelector(IReportVerifier.WrongGeneration.selector, 1, 0));
    }

    function test_guard_The_period_is_the_epochs() public {
        (uint64 start, uint64 end) = verifier.periodOf(1);
        bytes memory reason = abi.encodeWithSelector(IReportVerifier.WrongPeriod.selector, start, end);
        Report memory r = good();
        r.periodStart = start + 1;
        refuse(r, reason);
        r.periodStart = start;
        r.periodEnd = end - 1;
        refuse(r, reason);
    }

    function test_guard_The_period_is_over() public {
        (, uint64 end) = verifier.periodOf(1);
        vm.warp(end - 1);
        refuse(good(), abi.encodeWithSelector(IReportVerifier.PeriodNotOver.selector, end));
    }

    function test_guard_The_parent_is_the_last_report() public {
        attest(good());
        toEndOf(2);
        Report memory r = good();
        bytes32 parent = r.previousDigest;
        r.previousDigest = keccak256("another");
        refuse(r, abi.encodeWithSelector(IReportVerifier.WrongParent.selector, parent, r.previousDigest));
    }

    function test_guard_The_first_report_has_no_parent() public {
        Report memory r = good();
        r.previousDigest = keccak256("some");
        refuse(r, abi.encodeWithSelector(IReportVerifier.WrongParent.selector, bytes32(0), r.previousDigest));
    }

    function test_guard_The_config_is_the_one_in_force() public {
        Report memory r = good();
        bytes32 expected = r.configDigest;
        r.configDigest = keccak256("another");
        refuse(r, abi.encodeWithSelector(IReportVerifier.WrongConfig.selector, expected, r.configDigest));
    }

    function test_guard_A_report_of_another_network_is_refused() public {
        Report memory r = good();
        bytes memory report = encode(r);
        bytes memory sigs = signatures(report, QUORUM);
        uint64 nonce = vm.getNonce(address(this));
        deploy();
        assertGt(vm.getNonce(address(this)), nonce);
        for (uint256 i = 0; i < N; ++i) {
            registerOperator(reportKeys[i], MIN_BOND);
        }
        vm.warp(GENESIS - 1);
        schedule(1);
        enrol(4);
        toEndOf(1);
        refuse(
            report,
            QUORUM,
            sigs,
            abi.encodeWithSelector(IReportVerifier.WrongConfig.selector, operators.configDigestAt(1), r.configDigest)
        );
    }

    // --- amounts

    function test_guard_The_total_never_decreases() public {
        attest(good());
        toEndOf(2);
        Report memory r = good();
        r.cumulativeTotal = 1000e18 - 1;
        r.unallocated = emission.budgetOf(2);
        refuse(r, abi.encodeWithSelector(IReportVerifier.TotalDecreased.selector, 1000e18, 1000e18 - 1));
    }

    function test_guard_Allocated_and_unallocated_are_the_budget() public {
        uint128 budget = emission.budgetOf(1);
        Report memory r = good();
        r.unallocated += 1;
        refuse(r, abi.encodeWithSelector(IReportVerifier.NotBudget.selector, budget, budget + 1));
        r.unallocated -= 2;
        refuse(r, abi.encodeWithSelector(IReportVerifier.NotBudget.selector, budget, budget - 1));
        r.unallocated = type(uint128).max;
        refuse(
            r, abi.encodeWithSelector(IReportVerifier.NotBudget.selector, budget, uint256(1000e18) + type(uint128).max)
        );
    }

    function test_guard_There_are_at_most_as_many_leaves_as_payout_accounts() public {
        Report memory r = good();
        r.leafCount = 5;
        refuse(r, abi.encodeWithSelector(IReportVerifier.WrongLeafCount.selector, 0, 4, 5));
    }

    function test_guard_There_are_never_fewer_leaves_than_before() public {
        attest(good());
        toEndOf(2);
        Report memory r = good();
        r.leafCount = 3;
        refuse(r, abi.encodeWithSelector(IReportVerifier.WrongLeafCount.selector, 4, 4, 3));
    }

    function test_guard_Without_leaves_there_is_no_total() public {
        Report memory r = good();
        r.leafCount = 0;
        r.rewardsRoot = bytes32(0);
        refuse(r, abi.encodeWithSelector(IReportVerifier.WrongLeafCount.selector, 0, 4, 0));
    }

    function test_guard_The_root_is_zero_exactly_without_leaves() public {
        Report memory r = good();
        r.rewardsRoot = bytes32(0);
        refuse(r, abi.encodeWithSelector(IReportVerifier.EmptyRoot.selector));
        r = nextReport(keccak256("root"), 0, 0);
        refuse(r, abi.encodeWithSelector(IReportVerifier.EmptyRoot.selector));
    }

    function test_Accounts_that_joined_after_the_anchor_do_not_spoil_a_report() public {
        Report memory r = good();
        enrol(9);
        attest(r);
        assertEq(verifier.accepted(1).leafCount, 4);
    }

    // --- signatures

    function test_guard_Exactly_a_quorum_signs() public {
        bytes memory report = encode(good());
        uint32[3] memory bitmaps = [uint32(0x0f), 0x3f, 0x7f];
        uint256[3] memory counts = [uint256(4), 6, 7];
        for (uint256 i = 0; i < bitmaps.length; ++i) {
            refuse(
                report,
                bitmaps[i],
                signatures(report, bitmaps[i]),
                abi.encodeWithSelector(IReportVerifier.WrongSignerCount.selector, 5, counts[i])
            );
        }
        refuse(
            report,
            0x0f,
            signatures(report, QUORUM),
            abi.encodeWithSelector(IReportVerifier.WrongSignerCount.selector, 5, 4)
        );
        refuse(
            report,
            0x3f,
            signatures(report, QUORUM),
            abi.encodeWithSelector(IReportVerifier.WrongSignerCount.selector, 5, 6)
        );
        refuse(
            report,
            0,
            signatures(report, QUORUM),
            abi.encodeWithSelector(IReportVerifier.WrongSignerCount.selector, 5, 0)
        );
        refuse(report, QUORUM, "", abi.encodeWithSelector(IReportVerifier.WrongSignerCount.selector, 5, 0));
    }

    function test_guard_Signatures_hold_64_bytes_each() public {
        bytes memory report = encode(good());
        bytes memory sigs = bytes.concat(signatures(report, QUORUM), hex"00");
        refuse(report, QUORUM, sigs, abi.encodeWithSelector(IReportVerifier.WrongSignerCount.selector, 5, 5));
    }

    function test_guard_Signers_belong_to_the_set() public {
        bytes memory report = encode(good());
        (, uint256 stranger) = makeAddrAndKey("stranger");
        bytes memory sigs = bytes.concat(signatures(report, 0x0f), sign(stranger, keccak256(report)));
        refuse(report, 0x8f, sigs, abi.encodeWithSelector(IReportVerifier.UnknownSigner.selector, 7));
        refuse(report, 0x8000000f, sigs, abi.encodeWithSelector(IReportVerifier.UnknownSigner.selector, 31));
        refuse(report, 0x1f, sigs, abi.encodeWithSelector(IReportVerifier.BadSignature.selector, 4));
    }

    function test_guard_One_signer_counts_once() public {
        bytes memory report = encode(good());
        bytes memory one = sign(keys[0], keccak256(report));
        refuse(
            report,
            QUORUM,
            bytes.concat(one, one, one, one, one),
            abi.encodeWithSelector(IReportVerifier.BadSignature.selector, 1)
        );
    }

    function test_guard_Signatures_come_in_order_of_their_signers() public {
        bytes memory report = encode(good());
        bytes32 digest = keccak256(report);
        bytes memory sigs = bytes.concat(
            sign(keys[1], digest),
            sign(keys[0], digest),
            sign(keys[2], digest),
            sign(keys[3], digest),
            sign(keys[4], digest)
        );
        refuse(report, QUORUM, sigs, abi.encodeWithSelector(IReportVerifier.BadSignature.selector, 0));
    }

    function test_guard_A_high_s_is_refused() public {
        bytes memory report = encode(good());
        bytes32 digest = keccak256(report);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[4], digest);
        // The twin of a low s has 256 bits, which EIP-2098 cannot even carry; what fits is still above half the order.
        bytes32 high = bytes32(GROUP_ORDER - uint256(s));
        uint8 flipped = v == 27 ? 28 : 27;
        assertEq(ecrecover(digest, flipped, r, high), reportKeys[4]);
        bytes memory sigs = bytes.concat(signatures(report, 0x0f), r, high);
        refuse(report, QUORUM, sigs, abi.encodeWithSelector(IReportVerifier.BadSignature.selector, 4));
        bytes32 above = bytes32(GROUP_ORDER / 2 + 1);
        sigs = bytes.concat(signatures(report, 0x0f), r, above);
        refuse(report, QUORUM, sigs, abi.encodeWithSelector(IReportVerifier.BadSignature.selector, 4));
    }

    function test_guard_A_signature_of_nothing_is_refused() public {
        bytes memory report = encode(good());
        bytes memory sigs = bytes.concat(signatures(report, 0x0f), new bytes(64));
        refuse(report, QUORUM, sigs, abi.encodeWithSelector(IReportVerifier.BadSignature.selector, 4));
    }

    function test_guard_Signatures_are_over_this_very_report() public {
        Report memory r = good();
        bytes memory sigs = signatures(encode(r), QUORUM);
        r.manifestHash = keccak256("another");
        refuse(encode(r), QUORUM, sigs, abi.encodeWithSelector(IReportVerifier.BadSignature.selector, 0));
    }

    function testFuzz_No_byte_of_a_signed_report_can_change(uint256 at, uint8 flip) public {
        bytes memory report = encode(good());
        bytes memory sigs = signatures(report, QUORUM);
        at = bound(at, 0, 347);
        flip = uint8(bound(flip, 1, 255));
        report[at] = bytes1(uint8(report[at]) ^ flip);
        vm.expectRevert();
        verifier.attest(report, QUORUM, sigs);
    }

    function testFuzz_Only_quorums_of_members_are_accepted(uint32 bitmap) public {
        bytes memory report = encode(good());
        bytes memory sigs = signatures(report, bitmap);
        uint256 count = 0;
        for (uint256 i = 0; i < 32; ++i) {
            count += (bitmap >> i) & 1;
        }
        if (bitmap < 128 && count == Q) {
            verifier.attest(report, bitmap, sigs);
        } else {
            vm.expectRevert();
            verifier.attest(report, bitmap, sigs);
        }
    }

    // --- sets change at epochs

    function test_Each_epoch_is_signed_by_the_set_that_was_in_force() public {
        address[] memory four = new address[](4);
        for (uint256 i = 0; i < 4; ++i) {
            four[i] = reportKeys[i + 3];
        }
        vm.prank(admin);
        operators.scheduleConfig(four, 3, PARAMETERS, RULES);
        attest(good());
        toEndOf(3);
        attest(good());
        bytes memory report = encode(good());
        refuse(
            report,
            QUORUM,
            signatures(report, QUORUM),
            abi.encodeWithSelector(IReportVerifier.WrongSignerCount.selector, 3, 5)
        );
        verifier.attest(report, 7, signatures(report, 0x38));
        assertEq(verifier.nextEpoch(), 4);
    }

    function test_A_slashed_operator_still_counts_until_the_set_changes() public {
        vm.prank(address(verifier));
        operators.slashBond(reportKeys[0], address(this));
        attest(good());
        assertEq(verifier.nextEpoch(), 2);
    }

    function test_guard_Without_a_config_nothing_is_accepted() public {
        delete keys;
        delete reportKeys;
        deploy();
        vm.warp(GENESIS + EPOCH);
        Report memory r;
        r.epoch = 1;
        r.periodStart = GENESIS;
        r.periodEnd = GENESIS + EPOCH;
        r.unallocated = emission.budgetOf(1);
        vm.expectRevert(IOperatorRegistry.UnknownConfig.selector);
        verifier.attest(encode(r), 0, "");
    }

    // --- time

    function test_Epochs_and_periods_agree() public view {
        assertEq(verifier.epochAt(GENESIS - 1), 0);
        assertEq(verifier.epochAt(GENESIS), 1);
        assertEq(verifier.epochAt(GENESIS + EPOCH - 1), 1);
        assertEq(verifier.epochAt(GENESIS + EPOCH), 2);
    }

    function testFuzz_Periods_are_contiguous(uint32 epoch) public view {
        vm.assume(epoch > 0);
        (uint64 start, uint64 end) = verifier.periodOf(epoch);
        (uint64 next,) = verifier.periodOf(uint64(epoch) + 1);
        assertEq(end, next);
        assertEq(verifier.epochAt(start), epoch);
        assertEq(verifier.epochAt(end - 1), epoch);
    }

    function test_guard_There_is_no_epoch_zero() public {
        vm.expectRevert(abi.encodeWithSelector(IReportVerifier.EpochNotNext.selector, 1, 0));
        verifier.periodOf(0);
    }

    function test_guard_Windows_and_bond_are_not_zero() public {
        VerifierContracts memory c;
        VerifierSettings[3] memory wrong = [
            VerifierSettings(GENESIS, 0, WINDOW, EXTENSION, CHALLENGE_BOND),
            VerifierSettings(GENESIS, EPOCH, 0, EXTENSION, CHALLENGE_BOND),
            VerifierSettings(GENESIS, EPOCH, WINDOW, EXTENSION, 0)
        ];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectPartialRevert(IReportVerifier.BadParameter.selector);
            make("ReportVerifier", abi.encode(c, wrong[i]));
        }
    }
}
