// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IPayoutRegistry} from "../src/interfaces/IPayoutRegistry.sol";
import {Fixture} from "./support/Fixture.sol";

contract PayoutRegistryTest is Fixture {
    function test_Indexes_are_dense_permanent_and_start_at_zero() public {
        enrol(3);
        assertEq(payouts.count(), 3);
        for (uint32 i = 0; i < 3; ++i) {
            assertEq(payouts.accountAt(i), provider(i));
            assertEq(payouts.indexOf(provider(i)), i);
            assertTrue(payouts.isRegistered(provider(i)));
        }
        assertFalse(payouts.isRegistered(provider(3)));
    }

    function test_An_account_keeps_its_index() public {
        enrol(2);
        vm.prank(address(staking));
        assertEq(payouts.ensure(provider(0)), 0);
        assertEq(payouts.count(), 2);
    }

    function test_guard_Only_registrars_assign_indexes() public {
        vm.expectRevert(abi.encodeWithSelector(IPayoutRegistry.NotRegistrar.selector, address(this)));
        payouts.ensure(address(this));
    }

    function test_guard_The_zero_address_has_no_index() public {
        vm.prank(address(devices));
        vm.expectRevert(IPayoutRegistry.ZeroAddress.selector);
        payouts.ensure(address(0));
    }

    function test_guard_Unknown_accounts_and_indexes_are_named() public {
        vm.expectRevert(abi.encodeWithSelector(IPayoutRegistry.UnknownAccount.selector, address(this)));
        payouts.indexOf(address(this));
        vm.expectRevert(abi.encodeWithSelector(IPayoutRegistry.UnknownIndex.selector, 0));
        payouts.accountAt(0);
    }

    function test_A_recipient_takes_effect_after_the_delay() public {
        enrol(1);
        assertEq(payouts.recipientOf(provider(0)), provider(0));
        uint64 readyAt = uint64(block.timestamp) + RECIPIENT_DELAY;
        vm.expectEmit(address(payouts));
        emit IPayoutRegistry.RecipientScheduled(provider(0), treasury, readyAt);
        vm.prank(provider(0));
        payouts.scheduleRecipient(treasury);
        assertEq(payouts.recipientOf(provider(0)), provider(0));
        vm.warp(readyAt);
        payouts.applyRecipient(provider(0));
        assertEq(payouts.recipientOf(provider(0)), treasury);
    }

    function test_guard_A_recipient_waits_for_its_delay() public {
        enrol(1);
        vm.prank(provider(0));
        payouts.scheduleRecipient(treasury);
        uint64 readyAt = uint64(block.timestamp) + RECIPIENT_DELAY;
        vm.warp(readyAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IPayoutRegistry.RecipientNotReady.selector, readyAt));
        payouts.applyRecipient(provider(0));
    }

    function test_guard_A_recipient_that_nobody_scheduled_is_not_applied() public {
        enrol(1);
        vm.expectRevert(abi.encodeWithSelector(IPayoutRegistry.RecipientNotReady.selector, 0));
        payouts.applyRecipient(provider(0));
        vm.prank(provider(0));
        payouts.scheduleRecipient(treasury);
        vm.warp(block.timestamp + RECIPIENT_DELAY);
        payouts.applyRecipient(provider(0));
        vm.expectRevert(abi.encodeWithSelector(IPayoutRegistry.RecipientNotReady.selector, 0));
        payouts.applyRecipient(provider(0));
    }

    function test_guard_Only_payout_accounts_choose_a_recipient() public {
        vm.expectRevert(abi.encodeWithSelector(IPayoutRegistry.UnknownAccount.selector, address(this)));
        payouts.scheduleRecipient(treasury);
    }

    function test_guard_A_recipient_is_not_the_zero_address() public {
        enrol(1);
        vm.prank(provider(0));
        vm.expectRevert(IPayoutRegistry.ZeroAddress.selector);
        payouts.scheduleRecipient(address(0));
    }

    function testFuzz_Index_and_account_are_a_bijection(address[] memory accounts) public {
        for (uint256 i = 0; i < accounts.length; ++i) {
            if (accounts[i] == address(0)) continue;
            vm.prank(address(devices));
            uint32 index = payouts.ensure(accounts[i]);
            assertEq(payouts.accountAt(index), accounts[i]);
            assertEq(payouts.indexOf(accounts[i]), index);
            assertLt(index, payouts.count());
        }
    }
}
