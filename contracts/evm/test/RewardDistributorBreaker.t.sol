// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRewardDistributor} from "../src/interfaces/IRewardDistributor.sol";
import {RewardLeaf} from "../src/types/Report.sol";
import {DistributorFixture} from "./support/DistributorFixture.sol";
import {Tree} from "./support/Tree.sol";

/// @dev An account that is a contract and accepts what its owner signs.
contract Wallet {
    bytes32 internal immutable ACCEPTED;

    constructor(bytes32 accepted) {
        ACCEPTED = accepted;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return digest == ACCEPTED ? this.isValidSignature.selector : bytes4(0);
    }
}

/// @notice The outflow breaker and gasless claims.
contract RewardDistributorBreakerTest is DistributorFixture {
    // --- breaker

    function test_guard_A_claim_pays_no_more_than_the_room() public {
        RewardLeaf[] memory leaves = evenLeaves(6, CAPACITY);
        bytes32 root = advance(leaves);
        assertEq(claimAs(provider(0), root, leaves, 0), CAPACITY);
        assertEq(distributor.breakerRoom(false), 0);
        refuse(
            provider(1),
            root,
            leaves[1],
            proof(leaves, 1),
            abi.encodeWithSelector(IRewardDistributor.BreakerExhausted.selector, CAPACITY, CAPACITY)
        );
        vm.warp(block.timestamp + 6 hours);
        assertEq(claimAs(provider(1), root, leaves, 1), CAPACITY / 4);
        assertEq(distributor.claimed(provider(1)), CAPACITY / 4);
        vm.warp(block.timestamp + 24 hours);
        assertEq(claimAs(provider(1), root, leaves, 1), CAPACITY - CAPACITY / 4);
    }

    function test_guard_Third_parties_fill_the_breaker_to_half() public {
        RewardLeaf[] memory leaves = evenLeaves(6, CAPACITY);
        bytes32 root = advance(leaves);
        assertEq(distributor.breakerRoom(true), CAPACITY / 2);
        assertEq(claimAs(address(this), root, leaves, 0), CAPACITY / 2);
        refuse(
            address(this),
            root,
            leaves[1],
            proof(leaves, 1),
            abi.encodeWithSelector(IRewardDistributor.BreakerExhausted.selector, CAPACITY / 2, CAPACITY / 2)
        );
        assertEq(claimAs(provider(1), root, leaves, 1), CAPACITY / 2);
    }

    function test_guard_A_batch_keeps_to_the_breaker() public {
        RewardLeaf[] memory leaves = evenLeaves(6, CAPACITY / 4);
        bytes32 root = advance(leaves);
        assertEq(distributor.claimMany(root, claims(leaves, 6)), CAPACITY / 2);
        assertEq(token.balanceOf(provider(1)), CAPACITY / 4);
        assertEq(token.balanceOf(provider(2)), 0);
        assertEq(distributor.breakerRoom(true), 0);
        assertEq(distributor.breakerRoom(false), CAPACITY / 2);
    }

    function test_An_account_in_its_own_batch_may_use_the_whole_breaker() public {
        RewardLeaf[] memory leaves = evenLeaves(6, CAPACITY);
        bytes32 root = advance(leaves);
        IRewardDistributor.Claim[] memory batch = claims(leaves, 1);
        vm.prank(provider(0));
        assertEq(distributor.claimMany(root, batch), CAPACITY);
    }

    function test_guard_No_more_leaves_than_the_accepted_total() public {
        RewardLeaf[] memory leaves = evenLeaves(6, 10e18);
        bytes32 root = advance(leaves, 25e18);
        fund(address(distributor), 1000e18);
        assertEq(claimAs(provider(0), root, leaves, 0), 10e18);
        assertEq(claimAs(provider(1), root, leaves, 1), 10e18);
        assertEq(claimAs(provider(2), root, leaves, 2), 5e18);
        refuse(
            provider(3),
            root,
            leaves[3],
            proof(leaves, 3),
            abi.encodeWithSelector(IRewardDistributor.BreakerExhausted.selector, 25e18, CAPACITY)
        );
    }

    function test_What_drained_before_a_change_drained_at_the_old_rate() public {
        RewardLeaf[] memory leaves = evenLeaves(6, CAPACITY);
        claimAs(provider(0), advance(leaves), leaves, 0);
        vm.warp(block.timestamp + 12 hours);
        vm.prank(admin);
        distributor.setBreaker(MAX_CAPACITY);
        assertEq(distributor.breakerRoom(false), MAX_CAPACITY - CAPACITY / 2);
        vm.prank(admin);
        distributor.setBreaker(MIN_CAPACITY);
        assertEq(distributor.breakerRoom(false), 0);
    }

    function testFuzz_Outflow_stays_below_the_leaky_bound(uint32[8] memory waits, uint8[8] memory who) public {
        RewardLeaf[] memory leaves = evenLeaves(6, CAPACITY);
        bytes32 root = advance(leaves);
        uint256 start = block.timestamp;
        uint256 out = 0;
        for (uint256 i = 0; i < 8; ++i) {
            vm.warp(block.timestamp + (waits[i] % 8 hours));
            uint256 index = who[i] % 6;
            bytes32[] memory p = proof(leaves, index);
            vm.prank(who[i] % 2 == 0 ? leaves[index].account : address(this));
            try distributor.claim(root, leaves[index], p) returns (uint256 paid) {
                out += paid;
            } catch (bytes memory reason) {
                bytes4 selector = bytes4(reason);
                assertTrue(
                    selector == IRewardDistributor.BreakerExhausted.selector
                        || selector == IRewardDistributor.NothingToClaim.selector
                );
            }
            assertLe(out, CAPACITY + (CAPACITY * (block.timestamp - start)) / 24 hours + 8);
            assertLe(distributor.breakerRoom(true), distributor.breakerRoom(false));
        }
        assertEq(distributor.totalClaimed(), out);
    }

    // --- gasless claims

    struct Order {
        bytes32 root;
        uint256 fee;
        address feeTo;
        uint256 nonce;
        uint64 deadline;
    }

    function digestOf(address account, Order memory o) internal view returns (bytes32) {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("DePIN RewardDistributor"),
                keccak256("1"),
                block.chainid,
                address(distributor)
            )
        );
        bytes32 typehash =
            keccak256("ClaimFor(address account,bytes32 root,uint256 fee,address feeTo,uint256 nonce,uint64 deadline)");
        return keccak256(
            abi.encodePacked(
                "\x19\x01",
                separator,
                keccak256(abi.encode(typehash, account, o.root, o.fee, o.feeTo, o.nonce, o.deadline))
            )
        );
    }

    function signOrder(uint256 key, Order memory o) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digestOf(vm.addr(key), o));
        return abi.encodePacked(r, s, v);
    }

    /// @dev A tree in which a key's account stands at index 0.
    function keyed() internal returns (uint256 key, RewardLeaf[] memory leaves, Order memory o) {
        address account;
        (account, key) = makeAddrAndKey("gasless");
        leaves = evenLeaves(6, 10e18);
        leaves[0].account = account;
        o = Order(advance(leaves), 1e17, treasury, 0, uint64(block.timestamp + 1 hours));
    }

    function submit(RewardLeaf[] memory leaves, Order memory o, bytes memory signature) internal returns (uint256) {
        return distributor.claimWithSignature(
            o.root, leaves[0], Tree.proof(domain, leaves, 0), o.fee, o.feeTo, o.deadline, signature
        );
    }

    function refuseOrder(RewardLeaf[] memory leaves, Order memory o, bytes memory signature, bytes memory reason)
        internal
    {
        bytes32[] memory p = proof(leaves, 0);
        vm.expectRevert(reason);
        distributor.claimWithSignature(o.root, leaves[0], p, o.fee, o.feeTo, o.deadline, signature);
    }

    function test_A_signed_claim_pays_account_and_fee() public {
        (uint256 key, RewardLeaf[] memory leaves, Order memory o) = keyed();
        vm.expectEmit(address(distributor));
        emit IRewardDistributor.ClaimFeePaid(vm.addr(key), treasury, 1e17, 0);
        assertEq(submit(leaves, o, signOrder(key, o)), 10e18);
        assertEq(token.balanceOf(vm.addr(key)), 10e18 - 1e17);
        assertEq(token.balanceOf(treasury), 1e17);
        assertEq(distributor.nonces(vm.addr(key)), 1);
    }

    function test_A_fee_without_receiver_goes_to_the_sender() public {
        (uint256 key, RewardLeaf[] memory leaves, Order memory o) = keyed();
        o.feeTo = address(0);
        submit(leaves, o, signOrder(key, o));
        assertEq(token.balanceOf(address(this)), 1e17);
    }

    function test_A_signed_claim_needs_no_fee() public {
        (uint256 key, RewardLeaf[] memory leaves, Order memory o) = keyed();
        o.fee = 0;
        submit(leaves, o, signOrder(key, o));
        assertEq(token.balanceOf(vm.addr(key)), 10e18);
    }

    function test_A_compact_signature_is_taken_from_a_wallet_contract_only_by_its_own_word() public {
        RewardLeaf[] memory leaves = evenLeaves(6, 10e18);
        Order memory o = Order(bytes32(0), 0, address(0), 0, uint64(block.timestamp));
        address wallet = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        leaves[0].account = wallet;
        o.root = Tree.root(domain, leaves);
        new Wallet(digestOf(wallet, o));
        advance(leaves);
        submit(leaves, o, "");
        assertEq(token.balanceOf(wallet), 10e18);
        leaves = evenLeaves(6, 20e18);
        leaves[0].account = wallet;
        o.root = advance(leaves);
        refuseOrder(leaves, o, "", abi.encodeWithSelector(IRewardDistributor.BadSignature.selector));
    }

    function test_guard_Nothing_of_a_signed_claim_can_change() public {
        (uint256 key, RewardLeaf[] memory leaves, Order memory o) = keyed();
        bytes memory signature = signOrder(key, o);
        bytes memory reason = abi.encodeWithSelector(IRewardDistributor.BadSignature.selector);
        Order memory changed = Order(o.root, o.fee - 1, o.feeTo, 0, o.deadline);
        refuseOrder(leaves, changed, signature, reason);
        changed = Order(o.root, o.fee, address(this), 0, o.deadline);
        refuseOrder(leaves, changed, signature, reason);
        changed = Order(o.root, o.fee, o.feeTo, 0, o.deadline + 1);
        refuseOrder(leaves, changed, signature, reason);
        changed = Order(keccak256("other"), o.fee, o.feeTo, 0, o.deadline);
        refuseOrder(leaves, changed, signature, reason);
        (, uint256 stranger) = makeAddrAndKey("stranger");
        refuseOrder(leaves, o, signOrder(stranger, o), reason);
    }

    function test_guard_A_signed_claim_expires() public {
        (uint256 key, RewardLeaf[] memory leaves, Order memory o) = keyed();
        vm.warp(o.deadline + 1);
        refuseOrder(
            leaves, o, signOrder(key, o), abi.encodeWithSelector(IRewardDistributor.Expired.selector, o.deadline)
        );
        vm.warp(o.deadline);
        submit(leaves, o, signOrder(key, o));
    }

    function test_guard_A_signed_claim_is_good_once() public {
        (uint256 key, RewardLeaf[] memory leaves, Order memory o) = keyed();
        vm.prank(admin);
        distributor.setBreaker(MIN_CAPACITY);
        bytes memory signature = signOrder(key, o);
        submit(leaves, o, signature);
        refuseOrder(leaves, o, signature, abi.encodeWithSelector(IRewardDistributor.BadSignature.selector));
    }

    function test_guard_The_fee_is_bounded_by_what_is_paid() public {
        (uint256 key, RewardLeaf[] memory leaves, Order memory o) = keyed();
        o.fee = 1e17 + 1;
        refuseOrder(
            leaves, o, signOrder(key, o), abi.encodeWithSelector(IRewardDistributor.FeeTooHigh.selector, 1e17 + 1, 1e17)
        );
    }

    function test_A_signed_claim_counts_as_the_accounts_own() public {
        (uint256 key, RewardLeaf[] memory leaves,) = keyed();
        leaves = evenLeaves(6, CAPACITY);
        leaves[0].account = vm.addr(key);
        Order memory o = Order(advance(leaves), 0, address(0), 0, uint64(block.timestamp));
        assertEq(submit(leaves, o, signOrder(key, o)), CAPACITY);
    }
}
