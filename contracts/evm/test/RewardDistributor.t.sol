// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOwned} from "../src/interfaces/IOwned.sol";
import {IRewardDistributor} from "../src/interfaces/IRewardDistributor.sol";
import {RewardLeaf} from "../src/types/Report.sol";
import {DistributorFixture} from "./support/DistributorFixture.sol";
import {Tree} from "./support/Tree.sol";

contract RewardDistributorTest is DistributorFixture {
    // --- roots

    function test_The_domain_is_the_documented_one() public view {
        assertEq(
            domain,
            keccak256(
                bytes.concat(
                    "\x19DePIN reward v1",
                    bytes1(0),
                    bytes32(block.chainid),
                    bytes32(uint256(uint160(address(distributor)))),
                    bytes32(uint256(uint160(address(token))))
                )
            )
        );
    }

    function test_The_previous_root_stays() public {
        bytes32 first = advance(evenLeaves(6, 10e18));
        bytes32 second = advance(evenLeaves(6, 20e18));
        IRewardDistributor.Root memory r = distributor.current();
        assertEq(r.root, second);
        assertEq(r.epoch, 2);
        assertEq(r.leafCount, 6);
        assertEq(r.cumulativeTotal, 120e18);
        r = distributor.previous();
        assertEq(r.root, first);
        assertEq(r.epoch, 1);
        assertEq(r.leafCount, 6);
        assertEq(r.cumulativeTotal, 60e18);
    }

    function test_guard_Only_the_verifier_advances() public {
        vm.expectRevert(abi.encodeWithSelector(IRewardDistributor.NotVerifier.selector, address(this)));
        distributor.advance(1, keccak256("root"), 1, 1);
    }

    function test_guard_The_empty_root_is_never_taken_and_never_claimed_against() public {
        vm.prank(address(verifier));
        vm.expectRevert(IRewardDistributor.EmptyRoot.selector);
        distributor.advance(1, bytes32(0), 1, 1);
        (RewardLeaf memory leaf, bytes32[] memory p) = empty();
        leaf.cumulative = 1;
        refuse(address(this), bytes32(0), leaf, p, abi.encodeWithSelector(IRewardDistributor.EmptyRoot.selector));
    }

    function test_guard_Other_roots_are_unknown() public {
        bytes32 first = advance(evenLeaves(6, 10e18));
        advance(evenLeaves(6, 20e18));
        advance(evenLeaves(6, 30e18));
        RewardLeaf[] memory leaves = evenLeaves(6, 10e18);
        refuse(
            provider(0),
            first,
            leaves[0],
            proof(leaves, 0),
            abi.encodeWithSelector(IRewardDistributor.UnknownRoot.selector, first)
        );
    }

    // --- single claims

    function test_A_claim_pays_the_account_once() public {
        RewardLeaf[] memory leaves = evenLeaves(6, 10e18);
        bytes32 root = advance(leaves);
        vm.expectEmit(address(distributor));
        emit IRewardDistributor.Claimed(provider(2), 2, provider(2), 10e18, 10e18, root);
        assertEq(claimAs(provider(2), root, leaves, 2), 10e18);
        assertEq(token.balanceOf(provider(2)), 10e18);
        assertEq(distributor.claimed(provider(2)), 10e18);
        assertEq(distributor.totalClaimed(), 10e18);
    }

    function test_guard_What_was_claimed_is_not_paid_again() public {
        RewardLeaf[] memory leaves = evenLeaves(6, 10e18);
        bytes32 root = advance(leaves);
        claimAs(provider(2), root, leaves, 2);
        refuse(
            provider(2),
            root,
            leaves[2],
            proof(leaves, 2),
            abi.encodeWithSelector(IRewardDistributor.NothingToClaim.selector, provider(2))
        );
    }

    function test_A_later_root_pays_the_difference() public {
        RewardLeaf[] memory leaves = evenLeaves(6, 10e18);
        claimAs(provider(2), advance(leaves), leaves, 2);
        leaves = evenLeaves(6, 25e18);
        assertEq(claimAs(provider(2), advance(leaves), leaves, 2), 15e18);
        assertEq(token.balanceOf(provider(2)), 25e18);
    }

    function test_The_previous_root_is_claimable_but_pays_nothing_more() public {
        RewardLeaf[] memory old = evenLeaves(6, 10e18);
        bytes32 oldRoot = advance(old);
        RewardLeaf[] memory leaves = evenLeaves(6, 25e18);
        bytes32 root = advance(leaves);
        assertEq(claimAs(provider(2), oldRoot, old, 2), 10e18);
        assertEq(claimAs(provider(2), root, leaves, 2), 15e18);
        refuse(
            provider(2),
            oldRoot,
            old[2],
            proof(old, 2),
            abi.encodeWithSelector(IRewardDistributor.NothingToClaim.selector, provider(2))
        );
    }

    function test_Whoever_sends_a_claim_the_account_is_paid() public {
        RewardLeaf[] memory leaves = evenLeaves(6, 10e18);
        bytes32 root = advance(leaves);
        claimAs(address(this), root, leaves, 1);
        assertEq(token.balanceOf(provider(1)), 10e18);
        assertEq(token.balanceOf(address(this)), 0);
    }

    function test_A_chosen_recipient_is_paid() public {
        vm.prank(provider(1));
        payouts.scheduleRecipient(treasury);
        vm.warp(block.timestamp + RECIPIENT_DELAY);
        payouts.applyRecipient(provider(1));
        RewardLeaf[] memory leaves = evenLeaves(6, 10e18);
        claimAs(address(this), advance(leaves), leaves, 1);
        assertEq(token.balanceOf(treasury), 10e18);
        assertEq(token.balanceOf(provider(1)), 0);
    }

    function test_guard_Every_field_of_a_leaf_is_bound() public {
        RewardLeaf[] memory leaves = evenLeaves(6, 10e18);
        bytes32 root = advance(leaves);
        bytes32[] memory p = proof(leaves, 1);
        for (uint256 field = 0; field < 5; ++field) {
            RewardLeaf memory leaf = evenLeaves(6, 10e18)[1];
            if (field == 0) leaf.index = 3;
            if (field == 1) leaf.account = address(this);
            if (field == 2) leaf.cumulative += 1;
            if (field == 3) leaf.prefix += 1;
            if (field == 4) leaf.itemsHash = keccak256("other");
            refuse(
                leaf.account, root, leaf, p, abi.encodeWithSelector(IRewardDistributor.BadProof.selector, leaf.index)
            );
        }
    }

    function test_guard_Proofs_have_the_depth_of_the_tree() public {
        RewardLeaf[] memory leaves = evenLeaves(6, 10e18);
        bytes32 root = advance(leaves);
        bytes32[] memory p = proof(leaves, 0);
        bytes32[] memory longer = new bytes32[](4);
        bytes32[] memory shorter = new bytes32[](2);
        for (uint256 i = 0; i < 3; ++i) {
            longer[i] = p[i];
            if (i < 2) shorter[i] = p[i];
        }
        bytes memory reason = abi.encodeWithSelector(IRewardDistributor.BadProof.selector, 0);
        refuse(provider(0), root, leaves[0], longer, reason);
        refuse(provider(0), root, leaves[0], shorter, reason);
    }

    function test_guard_A_root_of_fewer_levels_cannot_be_opened_at_an_inner_node() public {
        // The tree of one leaf under a root that is another tree's inner node: the depth is that of the leaf count.
        RewardLeaf[] memory leaves = evenLeaves(2, 10e18);
        bytes32 root = Tree.root(domain, leaves);
        fund(address(distributor), 20e18);
        vm.prank(address(verifier));
        distributor.advance(1, root, 1, 20e18);
        refuse(
            provider(0),
            root,
            leaves[0],
            proof(leaves, 0),
            abi.encodeWithSelector(IRewardDistributor.BadProof.selector, 0)
        );
    }

    function test_guard_The_index_is_below_the_leaf_count() public {
        RewardLeaf[] memory leaves = evenLeaves(6, 10e18);
        bytes32 root = Tree.root(domain, leaves);
        fund(address(distributor), 60e18);
        vm.prank(address(verifier));
        distributor.advance(1, root, 5, 60e18);
        refuse(
            provider(5),
            root,
            leaves[5],
            proof(leaves, 5),
            abi.encodeWithSelector(IRewardDistributor.BadProof.selector, 5)
        );
        claimAs(provider(4), root, leaves, 4);
    }

    function test_guard_An_index_beyond_the_depth_is_not_folded_back() public {
        RewardLeaf[] memory leaves = evenLeaves(6, 10e18);
        bytes32[] memory p = proof(leaves, 1);
        leaves[1].index = 9;
        bytes32 root = advance(leaves);
        refuse(provider(1), root, leaves[1], p, abi.encodeWithSelector(IRewardDistributor.BadProof.selector, 9));
    }

    function test_guard_A_leaf_of_another_distributor_is_refused() public {
        RewardLeaf[] memory leaves = evenLeaves(6, 10e18);
        bytes32 other = keccak256("another domain");
        bytes32 root = Tree.root(other, leaves);
        fund(address(distributor), 60e18);
        vm.prank(address(verifier));
        distributor.advance(1, root, 6, 60e18);
        refuse(
            provider(1),
            root,
            leaves[1],
            Tree.proof(other, leaves, 1),
            abi.encodeWithSelector(IRewardDistributor.BadProof.selector, 1)
        );
    }

    function testFuzz_Trees_of_any_size_pay_every_account_exactly(uint8 size, uint64 seed) public {
        uint256 count = bound(size, 1, 40);
        if (count > 6) enrol(count - 6);
        RewardLeaf[] memory leaves = evenLeaves(count, 0);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i].cumulative = uint128(uint256(keccak256(abi.encode(seed, i))) % 1000e18);
        }
        Tree.place(leaves);
        bytes32 root = advance(leaves);
        for (uint256 i = 0; i < count; ++i) {
            if (leaves[i].cumulative > 0) claimAs(leaves[i].account, root, leaves, i);
            assertEq(token.balanceOf(leaves[i].account), leaves[i].cumulative);
        }
        assertEq(distributor.totalClaimed(), Tree.total(leaves));
        assertEq(token.balanceOf(address(distributor)), 0);
    }

    // --- batches

    function test_A_batch_pays_each_and_skips_the_exhausted() public {
        RewardLeaf[] memory leaves = evenLeaves(6, 10e18);
        bytes32 root = advance(leaves);
        claimAs(provider(1), root, leaves, 1);
        IRewardDistributor.Claim[] memory batch = claims(leaves, 6);
        // The proof of a skipped claim is not even looked at.
        batch[1].proof = new bytes32[](0);
        vm.expectEmit(address(distributor));
        emit IRewardDistributor.ClaimSkipped(provider(1), 1);
        assertEq(distributor.claimMany(root, batch), 50e18);
        for (uint256 i = 0; i < 6; ++i) {
            assertEq(token.balanceOf(provider(i)), 10e18);
        }
        assertEq(distributor.totalClaimed(), 60e18);
        assertEq(distributor.claimMany(root, batch), 0);
    }

    function test_An_account_twice_in_a_batch_is_paid_once() public {
        RewardLeaf[] memory leaves = evenLeaves(6, 10e18);
        bytes32 root = advance(leaves);
        IRewardDistributor.Claim[] memory batch = claims(leaves, 2);
        batch[1] = batch[0];
        assertEq(distributor.claimMany(root, batch), 10e18);
        assertEq(token.balanceOf(provider(0)), 10e18);
    }

    function test_guard_A_bad_proof_fails_the_batch() public {
        RewardLeaf[] memory leaves = evenLeaves(6, 10e18);
        bytes32 root = advance(leaves);
        IRewardDistributor.Claim[] memory batch = claims(leaves, 3);
        batch[2].leaf.cumulative += 1;
        vm.expectRevert(abi.encodeWithSelector(IRewardDistributor.BadProof.selector, 2));
        distributor.claimMany(root, batch);
    }

    function test_guard_A_batch_is_bounded() public {
        RewardLeaf[] memory leaves = evenLeaves(6, 10e18);
        bytes32 root = advance(leaves);
        IRewardDistributor.Claim[] memory batch = new IRewardDistributor.Claim[](MAX_BATCH + 1);
        vm.expectRevert(abi.encodeWithSelector(IRewardDistributor.BatchTooLarge.selector, MAX_BATCH + 1, MAX_BATCH));
        distributor.claimMany(root, batch);
        distributor.claimMany(root, new IRewardDistributor.Claim[](MAX_BATCH));
    }

    function test_guard_A_batch_is_against_a_known_root() public {
        bytes32 root = keccak256("unknown");
        vm.expectRevert(abi.encodeWithSelector(IRewardDistributor.UnknownRoot.selector, root));
        distributor.claimMany(root, new IRewardDistributor.Claim[](0));
    }

    // --- construction

    function test_guard_Bounds_are_checked_at_deployment() public {
        for (uint256 i = 0; i < 5; ++i) {
            DistributorSettings memory s = distributorSettings();
            if (i == 0) s.minCapacity = 0;
            if (i == 1) s.maxCapacity = uint128(type(uint112).max) + 1;
            if (i == 2) s.breakerWindow = 0;
            if (i == 3) s.maxFeeBps = 10_001;
            if (i == 4) s.maxBatch = 0;
            vm.expectPartialRevert(IRewardDistributor.BadParameter.selector);
            make("RewardDistributor", abi.encode(token, verifier, payouts, admin, s));
        }
    }

    function test_guard_The_first_capacity_is_within_its_bounds() public {
        DistributorSettings memory s = distributorSettings();
        s.capacity = MAX_CAPACITY + 1;
        vm.expectPartialRevert(IRewardDistributor.CapacityOutOfBounds.selector);
        make("RewardDistributor", abi.encode(token, verifier, payouts, admin, s));
    }

    function test_guard_Only_the_owner_sets_the_breaker_and_only_within_bounds() public {
        vm.expectRevert(abi.encodeWithSelector(IOwned.NotOwner.selector, address(this)));
        distributor.setBreaker(CAPACITY);
        bytes memory reason =
            abi.encodeWithSelector(IRewardDistributor.CapacityOutOfBounds.selector, MIN_CAPACITY, MAX_CAPACITY);
        vm.startPrank(admin);
        vm.expectRevert(reason);
        distributor.setBreaker(MIN_CAPACITY - 1);
        vm.expectRevert(reason);
        distributor.setBreaker(MAX_CAPACITY + 1);
        distributor.setBreaker(MIN_CAPACITY);
        assertEq(distributor.breakerCapacity(), MIN_CAPACITY);
        distributor.setBreaker(MAX_CAPACITY);
    }
}
