// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IProviderStaking} from "../src/interfaces/IProviderStaking.sol";
import {Fixture} from "./support/Fixture.sol";

contract ProviderStakingTest is Fixture {
    uint128 internal constant MIN_DEPOSIT = 1e18;
    uint128 internal constant POOL_CAP = 10_000_000e18;
    uint64 internal constant THAW = 21 days;
    uint32 internal constant RATIO = 16;
    uint32 internal constant MAX_THAWS = 10;

    address internal alice = makeAddr("alice"); // provider
    address internal bob = makeAddr("bob"); // delegator
    address internal carol = makeAddr("carol");

    function setUp() public override {
        super.setUp();
        address[3] memory all = [alice, bob, carol];
        for (uint256 i = 0; i < 3; ++i) {
            fund(all[i], 50_000_000e18);
            vm.prank(all[i]);
            token.approve(address(staking), type(uint256).max);
        }
    }

    function deposit(address staker, uint128 tokens) internal returns (uint128) {
        vm.prank(staker);
        return staking.deposit(alice, tokens, 0);
    }

    function thaw(address staker, uint128 shares) internal returns (uint256) {
        vm.prank(staker);
        return staking.requestThaw(alice, shares, 0);
    }

    function withdraw(address staker, uint256 id) internal returns (uint128) {
        vm.prank(staker);
        return staking.withdraw(alice, id);
    }

    function slash(uint32 ppm) internal returns (uint128) {
        vm.prank(slasher);
        return staking.slash(alice, ppm, "why");
    }

    function refuse(address staker, bytes memory reason) internal {
        vm.prank(staker);
        vm.expectRevert(reason);
    }

    // --- in and out

    function test_A_deposit_buys_shares_and_a_payout_index() public {
        uint128 shares = deposit(alice, 100e18);
        assertEq(staking.stakeOf(alice), 100e18);
        assertEq(staking.sharesOf(alice, alice), shares);
        assertEq(staking.pool(alice).selfShares, shares);
        assertEq(token.balanceOf(address(staking)), 100e18);
        assertTrue(payouts.isRegistered(alice));
    }

    function test_A_delegation_counts_as_stake_of_the_provider() public {
        deposit(alice, 100e18);
        deposit(bob, 50e18);
        assertEq(staking.stakeOf(alice), 150e18);
        assertFalse(payouts.isRegistered(bob));
        assertLt(staking.pool(alice).selfShares, staking.pool(alice).shares);
    }

    function test_Stake_leaves_after_the_thaw_in_full() public {
        uint128 shares = deposit(alice, 100e18);
        uint64 readyAt = uint64(block.timestamp) + THAW;
        uint256 id = thaw(alice, shares);
        IProviderStaking.Thaw memory t = staking.thaw(alice, alice, id);
        assertEq(t.readyAt, readyAt);
        assertEq(staking.stakeOf(alice), 0);
        assertEq(staking.pool(alice).thawingTokens, 100e18);
        vm.warp(readyAt);
        assertEq(withdraw(alice, id), 100e18);
        assertEq(token.balanceOf(alice), 50_000_000e18);
        assertEq(staking.pool(alice).thawingShares, 0);
    }

    function test_A_cancelled_thaw_returns_to_the_pool() public {
        uint128 shares = deposit(alice, 100e18);
        uint256 id = thaw(alice, shares / 2);
        vm.prank(alice);
        staking.cancelThaw(alice, id, 0);
        assertApproxEqAbs(staking.stakeOf(alice), 100e18, 1);
        assertEq(staking.pool(alice).selfShares, staking.sharesOf(alice, alice));
        refuse(alice, abi.encodeWithSelector(IProviderStaking.UnknownThaw.selector, id));
        staking.withdraw(alice, id);
    }

    function test_guard_A_deposit_has_a_minimum() public {
        refuse(alice, abi.encodeWithSelector(IProviderStaking.BelowMinimum.selector, MIN_DEPOSIT - 1, MIN_DEPOSIT));
        staking.deposit(alice, MIN_DEPOSIT - 1, 0);
    }

    function test_guard_Shares_may_not_slip_below_what_was_asked() public {
        deposit(alice, 100e18);
        uint128 expected = 100e21;
        refuse(bob, abi.encodeWithSelector(IProviderStaking.Slippage.selector, expected, expected + 1));
        staking.deposit(alice, 100e18, expected + 1);
        vm.prank(bob);
        staking.deposit(alice, 100e18, expected);
    }

    function test_guard_Tokens_may_not_slip_below_what_was_asked() public {
        uint128 shares = deposit(alice, 100e18);
        refuse(alice, abi.encodeWithSelector(IProviderStaking.Slippage.selector, 100e18, 100e18 + 1));
        staking.requestThaw(alice, shares, 100e18 + 1);
        vm.prank(alice);
        staking.requestThaw(alice, shares, 100e18);
    }

    function test_guard_A_cancelled_thaw_may_not_slip_either() public {
        uint128 shares = deposit(alice, 100e18);
        uint256 id = thaw(alice, shares);
        refuse(alice, abi.encodeWithSelector(IProviderStaking.Slippage.selector, shares, shares + 1));
        staking.cancelThaw(alice, id, shares + 1);
    }

    function test_guard_Nobody_thaws_nothing_or_more_than_they_have() public {
        uint128 shares = deposit(alice, 100e18);
        refuse(alice, abi.encodeWithSelector(IProviderStaking.ZeroAmount.selector));
        staking.requestThaw(alice, 0, 0);
        refuse(alice, abi.encodeWithSelector(IProviderStaking.InsufficientShares.selector, shares, shares + 1));
        staking.requestThaw(alice, shares + 1, 0);
        refuse(bob, abi.encodeWithSelector(IProviderStaking.InsufficientShares.selector, 0, 1));
        staking.requestThaw(alice, 1, 0);
    }

    function test_guard_No_withdrawal_before_the_thaw_is_over() public {
        uint256 id = thaw(alice, deposit(alice, 100e18));
        uint64 readyAt = uint64(block.timestamp) + THAW;
        vm.warp(readyAt - 1);
        refuse(alice, abi.encodeWithSelector(IProviderStaking.ThawNotReady.selector, readyAt));
        staking.withdraw(alice, id);
    }

    function test_guard_A_thaw_is_withdrawn_once_and_only_by_its_staker() public {
        uint256 id = thaw(alice, deposit(alice, 100e18));
        vm.warp(block.timestamp + THAW);
        refuse(bob, abi.encodeWithSelector(IProviderStaking.UnknownThaw.selector, id));
        staking.withdraw(alice, id);
        withdraw(alice, id);
        refuse(alice, abi.encodeWithSelector(IProviderStaking.UnknownThaw.selector, id));
        staking.withdraw(alice, id);
        refuse(alice, abi.encodeWithSelector(IProviderStaking.UnknownThaw.selector, id));
        staking.cancelThaw(alice, id, 0);
    }

    function test_guard_Open_thaws_are_limited() public {
        deposit(alice, 100e18);
        for (uint256 i = 0; i < MAX_THAWS; ++i) {
            thaw(alice, 1e18);
        }
        refuse(alice, abi.encodeWithSelector(IProviderStaking.TooManyThaws.selector, MAX_THAWS));
        staking.requestThaw(alice, 1e18, 0);
        vm.warp(block.timestamp + THAW);
        withdraw(alice, 3);
        thaw(alice, 1e18);
    }

    function test_guard_A_pool_is_capped_active_and_thawing_together() public {
        deposit(alice, POOL_CAP - 5e18);
        thaw(alice, 1000e21);
        refuse(alice, abi.encodeWithSelector(IProviderStaking.CapExceeded.selector, POOL_CAP + 1, POOL_CAP));
        staking.deposit(alice, 5e18 + 1, 0);
        deposit(alice, 5e18);
    }

    function test_guard_Delegations_keep_their_ratio_to_the_providers_own_stake() public {
        refuse(bob, abi.encodeWithSelector(IProviderStaking.RatioExceeded.selector, 100e21, 0));
        staking.deposit(alice, 100e18, 0);
        uint128 own = deposit(alice, 10e18);
        deposit(bob, 160e18);
        vm.prank(bob);
        vm.expectPartialRevert(IProviderStaking.RatioExceeded.selector);
        staking.deposit(alice, 1e18, 0);
        // The provider may always leave; then nobody else may come.
        thaw(alice, own);
        vm.prank(bob);
        vm.expectPartialRevert(IProviderStaking.RatioExceeded.selector);
        staking.deposit(alice, 1e18, 0);
        uint128 shares = staking.sharesOf(alice, bob);
        thaw(bob, shares);
    }

    // --- slashing

    function test_A_slash_takes_the_same_part_of_active_and_thawing_stake() public {
        deposit(alice, 100e18);
        deposit(bob, 300e18);
        uint256 id = thaw(bob, staking.sharesOf(alice, bob));
        uint256 supply = token.totalSupply();
        vm.expectEmit(address(staking));
        emit IProviderStaking.Slashed(alice, 25e18, 75e18, "why");
        assertEq(slash(250_000), 100e18);
        assertEq(token.totalSupply(), supply - 100e18);
        assertEq(staking.stakeOf(alice), 75e18);
        vm.warp(block.timestamp + THAW);
        assertApproxEqAbs(withdraw(bob, id), 225e18, 1);
    }

    function test_A_full_slash_voids_shares_and_thaws_and_the_pool_starts_anew() public {
        deposit(alice, 100e18);
        deposit(bob, 300e18);
        uint256 id = thaw(bob, staking.sharesOf(alice, bob) / 2);
        vm.expectEmit(address(staking));
        emit IProviderStaking.PoolReset(alice, 1);
        assertEq(slash(1_000_000), 400e18);
        assertEq(staking.sharesOf(alice, alice), 0);
        assertEq(staking.sharesOf(alice, bob), 0);
        assertEq(token.balanceOf(address(staking)), 0);
        refuse(bob, abi.encodeWithSelector(IProviderStaking.InsufficientShares.selector, 0, 1));
        staking.requestThaw(alice, 1, 0);

        deposit(alice, 100e18);
        deposit(carol, 100e18);
        vm.warp(block.timestamp + THAW);
        assertEq(withdraw(bob, id), 0);
        assertEq(staking.stakeOf(alice), 200e18);
        assertEq(staking.pool(alice).generation, 1);
    }

    function test_A_voided_thaw_cannot_come_back_as_stake() public {
        deposit(alice, 100e18);
        uint256 id = thaw(alice, 50e21);
        slash(1_000_000);
        deposit(alice, 100e18);
        refuse(alice, abi.encodeWithSelector(IProviderStaking.ZeroAmount.selector));
        staking.cancelThaw(alice, id, 0);
    }

    function test_guard_Only_the_slasher_slashes() public {
        vm.expectRevert(abi.encodeWithSelector(IProviderStaking.NotSlasher.selector, address(this)));
        staking.slash(alice, 1, "");
    }

    function test_Slashing_an_empty_pool_takes_nothing_and_does_not_fail() public {
        assertEq(slash(500_000), 0);
        assertEq(slash(1_000_000), 0);
        assertEq(slash(type(uint32).max), 0);
    }

    function test_guard_Prices_stay_in_range_however_often_a_pool_is_slashed() public {
        deposit(alice, 100_000e18);
        deposit(bob, 500_000e18);
        thaw(bob, 100_000e21);
        for (uint256 i = 0; i < 12; ++i) {
            slash(999_999);
        }
        assertGe(staking.stakeOf(alice), 500_000e18 / 1_000_000);
        // Everybody can still come and go.
        deposit(alice, 1_000_000e18);
        deposit(bob, 1_000_000e18);
        thaw(bob, staking.sharesOf(alice, bob));
        uint256 id = thaw(alice, staking.sharesOf(alice, alice));
        vm.warp(block.timestamp + THAW);
        assertGt(withdraw(alice, id), 999_999e18);
    }

    function test_guard_Bounds_are_checked_at_deployment() public {
        for (uint256 i = 0; i < 3; ++i) {
            StakingSettings memory s = StakingSettings(MIN_DEPOSIT, POOL_CAP, THAW, RATIO, MAX_THAWS);
            if (i == 0) s.minDeposit = 0;
            if (i == 1) s.poolCap = uint128(type(uint96).max) + 1;
            if (i == 2) s.maxThaws = 0;
            vm.expectPartialRevert(IProviderStaking.BadParameter.selector);
            make("ProviderStaking", abi.encode(token, payouts, slasher, s));
        }
    }

    // --- shares

    function test_A_donation_moves_no_price() public {
        deposit(alice, MIN_DEPOSIT);
        vm.prank(carol);
        token.transfer(address(staking), 1_000_000e18);
        uint128 shares = deposit(bob, 10e18);
        uint256 id = thaw(bob, shares);
        vm.warp(block.timestamp + THAW);
        assertApproxEqAbs(withdraw(bob, id), 10e18, 1);
    }

    function testFuzz_A_round_trip_never_profits(uint96 first, uint96 second, uint32 ppm, bool before) public {
        uint128 own = uint128(bound(first, MIN_DEPOSIT, POOL_CAP / 2));
        uint128 other = uint128(bound(second, MIN_DEPOSIT, POOL_CAP / 2));
        ppm = uint32(bound(ppm, 0, 999_999));
        deposit(alice, own);
        if (before) slash(ppm);
        vm.assume(staking.pool(alice).selfShares * uint256(RATIO) > 0);
        vm.prank(bob);
        try staking.deposit(alice, other, 0) returns (uint128 shares) {
            uint256 id = thaw(bob, shares);
            vm.warp(block.timestamp + THAW);
            uint128 back = withdraw(bob, id);
            assertLe(back, other);
            // What rounding costs is below the price of one share, and that is at most a token.
            assertApproxEqAbs(back, other, 2);
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), IProviderStaking.RatioExceeded.selector);
        }
    }

    function testFuzz_A_slash_costs_every_thaw_the_same_part(uint96 a, uint96 b, uint32 ppm) public {
        ppm = uint32(bound(ppm, 0, 999_000));
        uint128 x = uint128(bound(a, MIN_DEPOSIT, POOL_CAP / 4));
        // Half of the provider's stake thaws first, so that delegations may be half as large.
        uint256 most = (uint256(x) * RATIO) / 2 - RATIO;
        uint128 y = uint128(bound(b, MIN_DEPOSIT, most < POOL_CAP / 4 ? most : POOL_CAP / 4));
        uint256 i = thaw(alice, deposit(alice, x) / 2);
        uint128 shares = deposit(bob, y);
        uint256 j = thaw(bob, shares);
        slash(ppm);
        vm.warp(block.timestamp + THAW);
        assertApproxEqAbs(withdraw(alice, i), (uint256(x) / 2) * (1_000_000 - ppm) / 1_000_000, 3);
        assertApproxEqAbs(withdraw(bob, j), uint256(y) * (1_000_000 - ppm) / 1_000_000, 3);
    }
}
