// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IEmissionController} from "../src/interfaces/IEmissionController.sol";
import {IOwned} from "../src/interfaces/IOwned.sol";
import {Fixture} from "./support/Fixture.sol";

contract EmissionControllerTest is Fixture {
    function test_The_first_epoch_emits_the_base_and_each_next_one_a_little_less() public view {
        assertEq(emission.emissionOf(0), 0);
        assertEq(emission.emissionOf(1), BASE);
        assertEq(emission.emissionOf(2), (uint256(BASE) * DECAY) >> 96);
        uint256 square = (DECAY * DECAY) >> 96;
        assertEq(emission.emissionOf(3), (uint256(BASE) * square) >> 96);
        // A year keeps 85 %, within a millionth.
        assertApproxEqRel(emission.emissionOf(366), (uint256(BASE) * 85) / 100, 1e12);
    }

    function test_The_schedule_for_all_time_fits_its_geometric_bound() public view {
        uint256 sum = 0;
        for (uint64 epoch = 1; epoch <= 4000; ++epoch) {
            sum += emission.emissionOf(epoch);
        }
        assertLt(sum, CAP - GENESIS_SUPPLY);
        assertEq(emission.emissionOf(type(uint64).max), 0);
    }

    function test_The_budget_is_the_emission_less_the_sinks() public view {
        assertEq(emission.budgetOf(1), BASE - BASE / 10);
        assertEq(emission.sinksOf(1).length, 1);
        assertEq(emission.sinksOf(1)[0].account, treasury);
    }

    function test_Minting_pays_rewards_and_sinks_and_never_the_unallocated() public {
        uint128 budget = emission.budgetOf(1);
        uint256 supply = token.totalSupply();
        vm.expectEmit(address(emission));
        emit IEmissionController.EpochMinted(1, budget - 5e18, BASE / 10, 5e18);
        vm.prank(address(verifier));
        emission.mintEpoch(1, budget - 5e18);
        assertEq(token.balanceOf(address(distributor)), budget - 5e18);
        assertEq(token.balanceOf(treasury), BASE / 10);
        assertEq(token.totalSupply(), supply + BASE - 5e18);
        assertEq(emission.nextEpoch(), 2);
    }

    function test_guard_Only_the_verifier_mints() public {
        vm.expectRevert(abi.encodeWithSelector(IEmissionController.NotVerifier.selector, address(this)));
        emission.mintEpoch(1, 1);
    }

    function test_guard_Epochs_are_minted_in_order_and_once() public {
        vm.startPrank(address(verifier));
        vm.expectRevert(abi.encodeWithSelector(IEmissionController.EpochNotNext.selector, 1, 2));
        emission.mintEpoch(2, 1);
        emission.mintEpoch(1, 1);
        vm.expectRevert(abi.encodeWithSelector(IEmissionController.EpochNotNext.selector, 2, 1));
        emission.mintEpoch(1, 1);
    }

    function test_guard_Never_mints_past_the_budget() public {
        uint128 budget = emission.budgetOf(1);
        vm.prank(address(verifier));
        vm.expectRevert(abi.encodeWithSelector(IEmissionController.BudgetExceeded.selector, budget + 1, budget));
        emission.mintEpoch(1, budget + 1);
    }

    function test_guard_A_schedule_that_outgrows_the_cap_cannot_be_deployed() public {
        IEmissionController.Sink[] memory none;
        // base / (1 − decay) against 400 million of room
        uint256 most = (400_000_000e18 * ((1 << 96) - DECAY)) >> 96;
        make("EmissionController", abi.encode(token, distributor, verifier, admin, most, DECAY, none));
        uint256 base = most + 1e18;
        vm.expectRevert(
            abi.encodeWithSelector(
                IEmissionController.ScheduleExceedsCap.selector,
                (base << 96) / ((1 << 96) - DECAY),
                CAP - GENESIS_SUPPLY
            )
        );
        make("EmissionController", abi.encode(token, distributor, verifier, admin, base, DECAY, none));
    }

    function test_guard_An_emission_that_never_decays_cannot_be_deployed() public {
        IEmissionController.Sink[] memory none;
        vm.expectRevert(abi.encodeWithSelector(IEmissionController.BadDecay.selector, 1 << 96));
        make("EmissionController", abi.encode(token, distributor, verifier, admin, 1, 1 << 96, none));
        vm.expectRevert(abi.encodeWithSelector(IEmissionController.BadDecay.selector, (1 << 96) + 1));
        make("EmissionController", abi.encode(token, distributor, verifier, admin, 1, (1 << 96) + 1, none));
    }

    // --- splits

    function sinks(address a, uint16 x, address b, uint16 y)
        internal
        pure
        returns (IEmissionController.Sink[] memory list)
    {
        list = new IEmissionController.Sink[](2);
        list[0] = IEmissionController.Sink(a, x);
        list[1] = IEmissionController.Sink(b, y);
    }

    function refuse(IEmissionController.Sink[] memory list) internal {
        vm.prank(admin);
        vm.expectRevert(IEmissionController.BadSinks.selector);
        emission.scheduleSplits(5, list);
    }

    function test_Splits_change_for_epochs_that_have_not_started() public {
        IEmissionController.Sink[] memory list = sinks(address(1), 2000, address(2), 3000);
        vm.expectEmit(address(emission));
        emit IEmissionController.SplitsScheduled(2, list);
        vm.prank(admin);
        emission.scheduleSplits(2, list);
        assertEq(emission.budgetOf(1), BASE - BASE / 10);
        uint256 second = emission.emissionOf(2);
        assertEq(emission.budgetOf(2), second - second / 5 - (second * 3) / 10);
    }

    function test_A_later_schedule_replaces_those_that_it_overtakes() public {
        vm.startPrank(admin);
        emission.scheduleSplits(10, sinks(address(1), 1, address(2), 1));
        emission.scheduleSplits(20, sinks(address(3), 1, address(4), 1));
        emission.scheduleSplits(5, sinks(address(5), 1, address(6), 1));
        assertEq(emission.sinksOf(4)[0].account, treasury);
        assertEq(emission.sinksOf(5)[0].account, address(5));
        assertEq(emission.sinksOf(25)[0].account, address(5));
    }

    function test_Without_sinks_everything_is_rewards() public {
        vm.prank(admin);
        emission.scheduleSplits(2, new IEmissionController.Sink[](0));
        assertEq(emission.budgetOf(2), emission.emissionOf(2));
    }

    function test_Sinks_may_take_everything() public {
        vm.prank(admin);
        emission.scheduleSplits(2, sinks(address(1), 4000, address(2), 6000));
        assertLe(emission.budgetOf(2), 1);
    }

    function test_guard_A_started_epoch_keeps_its_splits() public {
        vm.warp(GENESIS + 3 * EPOCH);
        IEmissionController.Sink[] memory none;
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IEmissionController.EpochStarted.selector, 4, 5));
        emission.scheduleSplits(4, none);
        emission.scheduleSplits(5, none);
    }

    function test_guard_Only_the_owner_changes_splits() public {
        vm.expectRevert(abi.encodeWithSelector(IOwned.NotOwner.selector, address(this)));
        emission.scheduleSplits(5, new IEmissionController.Sink[](0));
    }

    function test_guard_Sinks_take_at_most_everything() public {
        refuse(sinks(address(1), 4000, address(2), 6001));
    }

    function test_guard_A_sink_is_listed_once_and_is_not_zero() public {
        refuse(sinks(address(1), 1, address(1), 1));
        refuse(sinks(address(0), 1, address(1), 1));
        refuse(sinks(address(2), 1, address(1), 1));
    }

    function test_guard_A_sink_without_a_share_is_refused() public {
        refuse(sinks(address(1), 1, address(2), 0));
    }

    function test_guard_At_most_eight_sinks() public {
        IEmissionController.Sink[] memory list = new IEmissionController.Sink[](9);
        for (uint160 i = 0; i < 9; ++i) {
            list[i] = IEmissionController.Sink(address(i + 1), 1);
        }
        refuse(list);
        IEmissionController.Sink[] memory eight = new IEmissionController.Sink[](8);
        for (uint160 i = 0; i < 8; ++i) {
            eight[i] = IEmissionController.Sink(address(i + 1), 1);
        }
        vm.prank(admin);
        emission.scheduleSplits(5, eight);
    }

    function testFuzz_Rewards_and_sinks_never_exceed_the_emission(uint64 epoch, uint16 x, uint16 y) public {
        epoch = uint64(bound(epoch, 2, 100_000));
        x = uint16(bound(x, 1, 9999));
        y = uint16(bound(y, 1, 10_000 - x));
        vm.prank(admin);
        emission.scheduleSplits(2, sinks(address(1), x, address(2), y));
        uint256 all = emission.emissionOf(epoch);
        assertEq(emission.budgetOf(epoch), all - (all * x) / 10_000 - (all * y) / 10_000);
        assertLe(emission.emissionOf(epoch + 1), all);
    }
}

contract OwnedTest is Fixture {
    address internal next = makeAddr("next");

    function test_Ownership_moves_in_two_steps() public {
        IOwned owned = IOwned(address(emission));
        assertEq(owned.owner(), admin);
        vm.prank(admin);
        owned.offerOwnership(next);
        assertEq(owned.owner(), admin);
        assertEq(owned.pendingOwner(), next);
        vm.expectEmit(address(emission));
        emit IOwned.OwnershipTransferred(admin, next);
        vm.prank(next);
        owned.acceptOwnership();
        assertEq(owned.owner(), next);
        assertEq(owned.pendingOwner(), address(0));
    }

    function test_guard_Only_the_owner_offers() public {
        vm.expectRevert(abi.encodeWithSelector(IOwned.NotOwner.selector, address(this)));
        IOwned(address(emission)).offerOwnership(next);
    }

    function test_guard_Only_the_one_it_was_offered_to_accepts() public {
        vm.prank(admin);
        IOwned(address(emission)).offerOwnership(next);
        vm.expectRevert(abi.encodeWithSelector(IOwned.NotOwner.selector, address(this)));
        IOwned(address(emission)).acceptOwnership();
    }

    function test_guard_There_is_always_an_owner() public {
        IEmissionController.Sink[] memory none;
        vm.expectRevert(abi.encodeWithSelector(IOwned.NotOwner.selector, address(0)));
        make("EmissionController", abi.encode(token, distributor, verifier, address(0), 1, DECAY, none));
    }
}
