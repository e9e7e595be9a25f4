// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOperatorRegistry} from "../src/interfaces/IOperatorRegistry.sol";
import {IOwned} from "../src/interfaces/IOwned.sol";
import {Report} from "../src/types/Report.sol";
import {Fixture} from "./support/Fixture.sol";

contract OperatorRegistryTest is Fixture {
    address internal newcomer = makeAddr("newcomer");

    function expect(bytes4 selector) internal {
        vm.expectPartialRevert(selector);
    }

    /// @dev The first `count` keys.
    function first(uint256 count) internal view returns (address[] memory set) {
        set = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            set[i] = reportKeys[i];
        }
    }

    function scheduleSet(address[] memory set, uint64 firstEpoch) internal {
        vm.prank(admin);
        operators.scheduleConfig(set, firstEpoch, PARAMETERS, RULES);
    }

    /// @dev Leaves keys[4..6] out of the set from epoch 2 on and makes epoch 1 final.
    function dropThree() internal {
        scheduleSet(first(4), 2);
        toEndOf(1);
        attest(nextReport(bytes32(0), 0, 0));
        finalizeNext();
    }

    // --- registering

    function test_An_operator_registers_with_keys_and_bond() public view {
        IOperatorRegistry.Operator memory o = operators.operator(reportKeys[0]);
        assertEq(o.account, accountOf(reportKeys[0]));
        assertEq(o.reportKey, reportKeys[0]);
        assertEq(o.protocolKey, protocolKeyOf(reportKeys[0]));
        assertEq(o.bond, MIN_BOND);
        assertEq(o.lastEpoch, type(uint64).max);
        assertEq(token.balanceOf(address(operators)), N * MIN_BOND);
    }

    function test_guard_A_report_key_is_registered_once() public {
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.AlreadyRegistered.selector, reportKeys[0]));
        operators.register(reportKeys[0], keccak256("other"), "", MIN_BOND);
    }

    function test_guard_A_protocol_key_is_used_once() public {
        bytes32 used = protocolKeyOf(reportKeys[0]);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.ProtocolKeyUsed.selector, used));
        operators.register(newcomer, used, "", MIN_BOND);
    }

    function test_guard_Keys_are_not_zero() public {
        vm.expectRevert(IOperatorRegistry.ZeroKey.selector);
        operators.register(address(0), keccak256("k"), "", MIN_BOND);
        vm.expectRevert(IOperatorRegistry.ZeroKey.selector);
        operators.register(newcomer, bytes32(0), "", MIN_BOND);
    }

    function test_guard_The_bond_has_a_minimum() public {
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.BondTooLow.selector, MIN_BOND - 1, MIN_BOND));
        operators.register(newcomer, keccak256("k"), "", MIN_BOND - 1);
    }

    function test_A_bond_can_grow() public {
        address account = accountOf(reportKeys[0]);
        fund(account, 7e18);
        vm.startPrank(account);
        token.approve(address(operators), 7e18);
        vm.expectEmit(address(operators));
        emit IOperatorRegistry.BondAdded(reportKeys[0], 7e18, MIN_BOND + 7e18);
        operators.addBond(reportKeys[0], 7e18);
        assertEq(operators.operator(reportKeys[0]).bond, MIN_BOND + 7e18);
        assertEq(token.balanceOf(account), 0);
    }

    function test_guard_Only_the_account_acts_for_its_key() public {
        bytes memory refusal =
            abi.encodeWithSelector(IOperatorRegistry.NotOperatorAccount.selector, reportKeys[0], address(this));
        vm.expectRevert(refusal);
        operators.addBond(reportKeys[0], 1);
        vm.expectRevert(refusal);
        operators.setEndpoint(reportKeys[0], "");
        vm.expectRevert(refusal);
        operators.requestExit(reportKeys[0]);
        vm.expectRevert(refusal);
        operators.withdrawBond(reportKeys[0]);
    }

    function test_guard_An_unknown_key_has_no_account() public {
        bytes memory refusal = abi.encodeWithSelector(IOperatorRegistry.UnknownOperator.selector, newcomer);
        vm.prank(address(0));
        vm.expectRevert(refusal);
        operators.setEndpoint(newcomer, "");
    }

    function test_An_endpoint_can_change() public {
        vm.prank(accountOf(reportKeys[0]));
        operators.setEndpoint(reportKeys[0], "https://elsewhere");
        assertEq(operators.operator(reportKeys[0]).endpoint, "https://elsewhere");
    }

    // --- sets

    function test_A_config_holds_what_it_was_scheduled_with() public view {
        IOperatorRegistry.Config memory c = operators.configAt(1);
        assertEq(c.count, 1);
        assertEq(c.firstEpoch, 1);
        assertEq(c.n, 7);
        assertEq(c.q, 5);
        assertEq(c.parametersHash, PARAMETERS);
        assertEq(c.rulesHash, RULES);
        for (uint256 i = 0; i < N; ++i) {
            assertEq(c.reportKeys[i], reportKeys[i]);
            assertEq(c.protocolKeys[i], protocolKeyOf(reportKeys[i]));
        }
        assertEq(operators.configDigestAt(77), c.digest);
        assertEq(operators.signersOf(c.digest).length, N);
    }

    function test_The_digest_is_the_documented_one() public view {
        bytes memory members;
        for (uint256 i = 0; i < N; ++i) {
            members = bytes.concat(members, bytes20(reportKeys[i]), protocolKeyOf(reportKeys[i]));
        }
        bytes memory head = bytes.concat(
            "\x19DePIN config v1",
            bytes1(0),
            bytes32(block.chainid),
            bytes32(uint256(uint160(address(verifier)))),
            bytes32(uint256(uint160(address(distributor)))),
            bytes32(uint256(uint160(address(token))))
        );
        head = bytes.concat(head, bytes8(uint64(1)), bytes8(uint64(1)), bytes1(uint8(7)), bytes1(uint8(5)));
        assertEq(operators.configDigestAt(1), keccak256(bytes.concat(head, members, PARAMETERS, RULES)));
    }

    function test_Every_size_of_three_f_plus_one_has_its_quorum() public {
        admitOperators(24);
        uint64 epoch = 2;
        for (uint256 n = 4; n <= 31; n += 3) {
            scheduleSet(first(n), epoch);
            (, uint8 q, address[] memory set) = operators.signersAt(epoch);
            assertEq(q, (2 * (n - 1)) / 3 + 1);
            assertEq(set.length, n);
            assertEq(set[n - 1], reportKeys[n - 1]);
            ++epoch;
        }
    }

    function test_guard_Sets_have_three_f_plus_one_members() public {
        admitOperators(27);
        uint8[6] memory wrong = [0, 1, 3, 5, 6, 34];
        for (uint256 i = 0; i < wrong.length; ++i) {
            address[] memory set = first(wrong[i]);
            vm.prank(admin);
            vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.BadSetSize.selector, wrong[i]));
            operators.scheduleConfig(set, 9, PARAMETERS, RULES);
        }
    }

    function test_guard_Members_ascend() public {
        address[] memory set = first(4);
        (set[1], set[2]) = (set[2], set[1]);
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.NotAscending.selector, 2));
        operators.scheduleConfig(set, 9, PARAMETERS, RULES);
        set = first(4);
        set[3] = set[2];
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.NotAscending.selector, 3));
        operators.scheduleConfig(set, 9, PARAMETERS, RULES);
    }

    function test_guard_Members_are_registered() public {
        address[] memory set = first(4);
        set[3] = address(type(uint160).max);
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.UnknownOperator.selector, set[3]));
        operators.scheduleConfig(set, 9, PARAMETERS, RULES);
    }

    function test_guard_Slashed_operators_join_no_set() public {
        vm.prank(address(verifier));
        operators.slashBond(reportKeys[0], address(this));
        address[] memory set = first(4);
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorSlashed.selector, reportKeys[0]));
        operators.scheduleConfig(set, 9, PARAMETERS, RULES);
    }

    function test_guard_Exiting_operators_join_no_set() public {
        dropThree();
        vm.prank(accountOf(reportKeys[4]));
        operators.requestExit(reportKeys[4]);
        address[] memory set = first(7);
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorExiting.selector, reportKeys[4]));
        operators.scheduleConfig(set, 99, PARAMETERS, RULES);
    }

    function test_guard_A_config_starts_at_an_epoch_that_has_not() public {
        vm.warp(GENESIS + 3 * EPOCH);
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.EpochStarted.selector, 4, 5));
        operators.scheduleConfig(reportKeys, 4, PARAMETERS, RULES);
        scheduleSet(first(4), 5);
        assertEq(operators.configAt(4).count, 1);
        assertEq(operators.configAt(5).count, 2);
    }

    function test_guard_A_config_starts_after_the_one_before_it() public {
        scheduleSet(first(4), 9);
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.EpochStarted.selector, 9, 10));
        operators.scheduleConfig(reportKeys, 9, PARAMETERS, RULES);
    }

    function test_The_first_config_may_still_start_at_the_first_epoch_when_that_has_begun() public {
        vm.warp(GENESIS - 3 days);
        delete keys;
        delete reportKeys;
        deploy();
        admitOperators(4);
        vm.warp(GENESIS + EPOCH / 2);
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.EpochStarted.selector, 0, 1));
        operators.scheduleConfig(reportKeys, 0, PARAMETERS, RULES);
        schedule(1);
        assertEq(operators.configAt(1).count, 1);
    }

    function test_guard_Only_the_owner_schedules_and_recovers() public {
        bytes memory refusal = abi.encodeWithSelector(IOwned.NotOwner.selector, address(this));
        vm.expectRevert(refusal);
        operators.scheduleConfig(reportKeys, 9, PARAMETERS, RULES);
        vm.expectRevert(refusal);
        operators.recover(reportKeys, PARAMETERS, RULES);
    }

    function test_guard_What_no_config_covers_is_named() public {
        vm.expectRevert(IOperatorRegistry.UnknownConfig.selector);
        operators.configAt(0);
        vm.expectRevert(IOperatorRegistry.UnknownConfig.selector);
        operators.configByCount(2);
        vm.expectRevert(IOperatorRegistry.UnknownConfig.selector);
        operators.signersOf(keccak256("none"));
    }

    // --- leaving

    function test_A_bond_leaves_after_its_last_epoch_is_final_and_the_thaw_is_over() public {
        dropThree();
        address account = accountOf(reportKeys[5]);
        assertEq(operators.operator(reportKeys[5]).lastEpoch, 1);
        vm.startPrank(account);
        uint64 exitAt = uint64(block.timestamp) + BOND_THAW;
        vm.expectEmit(address(operators));
        emit IOperatorRegistry.ExitRequested(reportKeys[5], exitAt);
        operators.requestExit(reportKeys[5]);
        vm.warp(exitAt);
        operators.withdrawBond(reportKeys[5]);
        assertEq(token.balanceOf(account), MIN_BOND);
        assertEq(operators.operator(reportKeys[5]).bond, 0);
        operators.withdrawBond(reportKeys[5]);
        assertEq(token.balanceOf(account), MIN_BOND);
    }

    function test_guard_No_exit_while_in_the_newest_set() public {
        dropThree();
        vm.prank(accountOf(reportKeys[0]));
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.BondLocked.selector, type(uint64).max, 0));
        operators.requestExit(reportKeys[0]);
    }

    function test_guard_No_exit_before_the_last_epoch_that_it_could_sign_is_final() public {
        scheduleSet(first(4), 2);
        toEndOf(1);
        attest(nextReport(bytes32(0), 0, 0));
        vm.prank(accountOf(reportKeys[5]));
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.BondLocked.selector, 1, 0));
        operators.requestExit(reportKeys[5]);
        finalizeNext();
        vm.prank(accountOf(reportKeys[5]));
        operators.requestExit(reportKeys[5]);
    }

    function test_guard_No_withdrawal_before_the_thaw_is_over() public {
        dropThree();
        vm.startPrank(accountOf(reportKeys[5]));
        operators.requestExit(reportKeys[5]);
        uint64 exitAt = uint64(block.timestamp) + BOND_THAW;
        vm.warp(exitAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.BondLocked.selector, 1, exitAt));
        operators.withdrawBond(reportKeys[5]);
    }

    function test_guard_No_withdrawal_without_an_exit() public {
        dropThree();
        vm.prank(accountOf(reportKeys[5]));
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.BondLocked.selector, 1, 0));
        operators.withdrawBond(reportKeys[5]);
    }

    function test_guard_An_exit_is_asked_for_once_and_takes_no_more_bond() public {
        dropThree();
        vm.startPrank(accountOf(reportKeys[5]));
        operators.requestExit(reportKeys[5]);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorExiting.selector, reportKeys[5]));
        operators.requestExit(reportKeys[5]);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorExiting.selector, reportKeys[5]));
        operators.addBond(reportKeys[5], 1);
    }

    function test_An_operator_that_was_never_in_a_set_may_leave_after_the_thaw() public {
        registerOperator(newcomer, MIN_BOND);
        vm.startPrank(accountOf(newcomer));
        operators.requestExit(newcomer);
        vm.warp(block.timestamp + BOND_THAW);
        operators.withdrawBond(newcomer);
        assertEq(token.balanceOf(accountOf(newcomer)), MIN_BOND);
    }

    function test_A_thawing_bond_is_still_slashable() public {
        dropThree();
        vm.prank(accountOf(reportKeys[5]));
        operators.requestExit(reportKeys[5]);
        vm.prank(address(verifier));
        operators.slashBond(reportKeys[5], address(this));
        vm.warp(block.timestamp + BOND_THAW);
        vm.prank(accountOf(reportKeys[5]));
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorSlashed.selector, reportKeys[5]));
        operators.withdrawBond(reportKeys[5]);
    }

    // --- slashing

    function test_Slashing_pays_at_most_five_percent_and_burns_the_rest() public {
        uint256 supply = token.totalSupply();
        address reporter = makeAddr("reporter");
        vm.expectEmit(address(operators));
        emit IOperatorRegistry.BondSlashed(reportKeys[0], MIN_BOND, reporter, MIN_BOND / 20);
        vm.prank(address(verifier));
        operators.slashBond(reportKeys[0], reporter);
        assertEq(token.balanceOf(reporter), MIN_BOND / 20);
        assertEq(token.totalSupply(), supply - (MIN_BOND - MIN_BOND / 20));
        assertEq(token.balanceOf(address(operators)), (N - 1) * MIN_BOND);
        assertTrue(operators.operator(reportKeys[0]).slashed);
    }

    function test_guard_Only_the_verifier_slashes() public {
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.NotVerifier.selector, address(this)));
        operators.slashBond(reportKeys[0], address(this));
    }

    function test_guard_Nobody_is_slashed_twice() public {
        vm.startPrank(address(verifier));
        operators.slashBond(reportKeys[0], address(this));
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorSlashed.selector, reportKeys[0]));
        operators.slashBond(reportKeys[0], address(this));
    }

    function test_guard_Who_is_unknown_is_not_slashed() public {
        vm.prank(address(verifier));
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.UnknownOperator.selector, newcomer));
        operators.slashBond(newcomer, address(this));
    }

    function test_guard_A_slashed_operator_neither_adds_bond_nor_exits() public {
        vm.prank(address(verifier));
        operators.slashBond(reportKeys[0], address(this));
        bytes memory refusal = abi.encodeWithSelector(IOperatorRegistry.OperatorSlashed.selector, reportKeys[0]);
        vm.startPrank(accountOf(reportKeys[0]));
        vm.expectRevert(refusal);
        operators.addBond(reportKeys[0], 1);
        vm.expectRevert(refusal);
        operators.requestExit(reportKeys[0]);
    }

    function test_guard_The_reporters_part_is_bounded_at_deployment() public {
        expect(IOperatorRegistry.BadParameter.selector);
        make(
            "OperatorRegistry",
            abi.encode(token, verifier, distributor, admin, OperatorSettings(MIN_BOND, BOND_THAW, SILENCE, 501))
        );
        expect(IOperatorRegistry.BadParameter.selector);
        make(
            "OperatorRegistry",
            abi.encode(token, verifier, distributor, admin, OperatorSettings(0, BOND_THAW, SILENCE, 500))
        );
    }

    // --- recovery

    function test_After_the_silence_a_new_set_takes_over_at_the_next_epoch() public {
        (, uint64 end) = verifier.periodOf(1);
        vm.warp(end + SILENCE);
        address[] memory set = first(4);
        vm.prank(admin);
        operators.recover(set, PARAMETERS, RULES);
        assertEq(operators.configAt(1).count, 2);
        assertEq(operators.configAt(1).n, 4);
        // Who left could still have signed epoch 1 under the old config.
        assertEq(operators.operator(reportKeys[6]).lastEpoch, 1);
        Report memory r = nextReport(bytes32(0), 0, 0);
        bytes memory report = encode(r);
        verifier.attest(report, 7, signatures(report, 7));
        assertEq(verifier.nextEpoch(), 2);
    }

    function test_guard_No_recovery_before_the_silence_is_over() public {
        (, uint64 end) = verifier.periodOf(1);
        vm.warp(end + SILENCE - 1);
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.RecoveryNotAllowed.selector, end, end + SILENCE));
        operators.recover(reportKeys, PARAMETERS, RULES);
    }

    function test_An_accepted_report_ends_the_silence() public {
        vm.warp(GENESIS + 5 * EPOCH);
        attest(nextReport(bytes32(0), 0, 0));
        assertEq(verifier.silentSince(), block.timestamp);
        vm.prank(admin);
        expect(IOperatorRegistry.RecoveryNotAllowed.selector);
        operators.recover(reportKeys, PARAMETERS, RULES);
    }

    function test_The_second_cancellation_of_an_epoch_allows_recovery_at_once() public {
        toEndOf(1);
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(admin);
            expect(IOperatorRegistry.RecoveryNotAllowed.selector);
            operators.recover(reportKeys, PARAMETERS, RULES);
            attest(nextReport(bytes32(0), 0, 0));
            vm.prank(arbiter);
            verifier.cancel(1);
        }
        address[] memory set = first(4);
        vm.prank(admin);
        operators.recover(set, PARAMETERS, RULES);
        assertEq(operators.configAt(1).n, 4);
    }

    function test_Recovery_overrides_configs_scheduled_for_later_epochs() public {
        scheduleSet(first(4), 9);
        (, uint64 end) = verifier.periodOf(1);
        vm.warp(end + SILENCE);
        vm.prank(admin);
        operators.recover(reportKeys, PARAMETERS, RULES);
        assertEq(operators.configAt(9).count, 3);
        assertEq(operators.configAt(9).n, 7);
    }
}
