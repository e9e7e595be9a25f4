// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IReportVerifier} from "../../src/interfaces/IReportVerifier.sol";
import {IRewardDistributor} from "../../src/interfaces/IRewardDistributor.sol";
import {Report, RewardLeaf} from "../../src/types/Report.sol";
import {Fixture} from "../support/Fixture.sol";
import {Tree} from "../support/Tree.sol";

/// @notice Operators, arbiter, challengers and claimers of one network, in any order. Every call is one that must succeed.
contract NetworkHandler is Fixture {
    uint256 internal constant MAX_ACCOUNTS = 12;

    /// @dev Leaves of the epoch's latest report, and the digest it was accepted with.
    mapping(uint64 epoch => RewardLeaf[]) internal leavesOf;
    mapping(uint64 epoch => bytes32) public digestOf;
    mapping(uint64 epoch => bytes32) public parentOf;
    mapping(address account => uint128) public maxCumulative;
    mapping(address account => uint128) public lastClaimed;
    uint256 public burned;
    uint256 public openBonds;
    uint256 public paidOut;
    uint256 public started;
    uint256 public finalizations;
    bytes32[] internal challenged;
    address internal challenger = makeAddr("challenger");
    uint256 internal clock;

    modifier timed() {
        vm.warp(clock);
        _;
        clock = block.timestamp;
    }

    function setUp() public override {
        super.setUp();
        enrol(3);
        fund(challenger, 100_000_000e18);
        vm.prank(challenger);
        token.approve(address(verifier), type(uint256).max);
        started = block.timestamp;
        clock = block.timestamp;
    }

    // --- actions

    function wait(uint32 time) external timed {
        vm.warp(block.timestamp + (time % 30 hours));
    }

    function join() external timed {
        if (payouts.count() < MAX_ACCOUNTS) enrol(1);
    }

    /// @dev Operators report the next epoch: every account may earn, the rest of the budget stays unallocated.
    function report(uint256 seed) external timed {
        uint64 epoch = verifier.nextEpoch();
        if (epoch - verifier.nextFinal() > 4) return;
        toEndOf(epoch);
        RewardLeaf[] storage parent = leavesOf[epoch - 1];
        uint256 count = payouts.count();
        RewardLeaf[] memory leaves = new RewardLeaf[](count);
        uint256 left = emission.budgetOf(epoch);
        for (uint32 i = 0; i < count; ++i) {
            uint256 share = (left * (uint256(keccak256(abi.encode(seed, i))) % 101)) / 100;
            if (seed % 5 == 0) share = 0;
            left -= share;
            leaves[i].account = payouts.accountAt(i);
            leaves[i].cumulative = uint128((i < parent.length ? parent[i].cumulative : 0) + share);
        }
        Tree.place(leaves);
        Report memory r = attestLeaves(leaves);
        delete leavesOf[epoch];
        for (uint256 i = 0; i < count; ++i) {
            leavesOf[epoch].push(leaves[i]);
        }
        digestOf[epoch] = keccak256(encode(r));
        parentOf[epoch] = r.previousDigest;
    }

    function settle() external timed {
        uint64 epoch = verifier.nextFinal();
        IReportVerifier.Accepted memory a = verifier.accepted(epoch);
        if (a.status != IReportVerifier.Status.Pending && a.status != IReportVerifier.Status.Challenged) return;
        finalizeNext();
        ++finalizations;
        if (a.status == IReportVerifier.Status.Challenged) {
            burned += CHALLENGE_BOND;
            openBonds -= CHALLENGE_BOND;
        }
        for (uint256 i = 0; i < leavesOf[epoch].length; ++i) {
            maxCumulative[leavesOf[epoch][i].account] = leavesOf[epoch][i].cumulative;
        }
    }

    function challenge(uint8 which) external timed {
        uint64 epoch = pick(which);
        IReportVerifier.Accepted memory a = verifier.accepted(epoch);
        if (a.status != IReportVerifier.Status.Pending || block.timestamp >= a.claimableAt) return;
        vm.prank(challenger);
        verifier.challenge(epoch, 0);
        challenged.push(a.digest);
        openBonds += CHALLENGE_BOND;
    }

    function cancel(uint8 which, bool sure) external timed {
        uint64 epoch = pick(which);
        if (epoch >= verifier.nextEpoch() || !sure) return;
        bool open = verifier.challengerOf(verifier.accepted(epoch).digest) != address(0);
        uint64 generation = verifier.generation();
        vm.prank(arbiter);
        verifier.cancel(epoch);
        if (open) openBonds -= CHALLENGE_BOND;
        assertEq(verifier.generation(), generation + 1);
        assertEq(verifier.nextEpoch(), epoch);
    }

    function reclaim(uint8 which) external timed {
        if (challenged.length == 0) return;
        bytes32 digest = challenged[which % challenged.length];
        if (verifier.challengerOf(digest) == address(0)) return;
        for (uint64 epoch = verifier.nextFinal(); epoch < verifier.nextEpoch(); ++epoch) {
            if (verifier.accepted(epoch).digest == digest) return;
        }
        verifier.reclaimBond(digest);
        openBonds -= CHALLENGE_BOND;
    }

    function claim(uint8 who, bool own, bool old) external timed {
        (bytes32 root, RewardLeaf[] memory leaves) = tree(old);
        if (leaves.length == 0) return;
        uint256 index = who % leaves.length;
        RewardLeaf memory leaf = leaves[index];
        if (leaf.cumulative <= distributor.claimed(leaf.account) || distributor.breakerRoom(!own) == 0) return;
        bytes32[] memory proof = Tree.proof(distributor.domain(), leaves, index);
        uint256 balance = token.balanceOf(leaf.account);
        uint256 room = distributor.breakerRoom(!own);
        vm.prank(own ? leaf.account : address(this));
        uint256 paid = distributor.claim(root, leaf, proof);
        assertEq(token.balanceOf(leaf.account) - balance, paid);
        assertLe(paid, room);
        assertGt(paid, 0);
        book(leaf.account, paid);
    }

    function claimBatch(bool old) external timed {
        (bytes32 root, RewardLeaf[] memory leaves) = tree(old);
        IRewardDistributor.Claim[] memory batch = new IRewardDistributor.Claim[](leaves.length);
        uint256[] memory before = new uint256[](leaves.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            batch[i] = IRewardDistributor.Claim(leaves[i], Tree.proof(distributor.domain(), leaves, i));
            before[i] = token.balanceOf(leaves[i].account);
        }
        if (root == bytes32(0)) return;
        distributor.claimMany(root, batch);
        for (uint256 i = 0; i < leaves.length; ++i) {
            book(leaves[i].account, token.balanceOf(leaves[i].account) - before[i]);
        }
    }

    function tune(uint128 capacity) external timed {
        vm.prank(admin);
        // Only lower: the outflow bound that is checked uses the first capacity.
        distributor.setBreaker(uint128(bound(capacity, MIN_CAPACITY, CAPACITY)));
    }

    /// @dev Four or seven operators from the next free epoch on.
    function changeSet(bool small) external timed {
        address[] memory set = new address[](small ? 4 : 7);
        for (uint256 i = 0; i < set.length; ++i) {
            set[i] = reportKeys[i];
        }
        uint64 firstEpoch = operators.configByCount(operators.configCount()).firstEpoch;
        uint64 now_ = verifier.epochAt(uint64(block.timestamp));
        if (now_ > firstEpoch) firstEpoch = now_;
        if (firstEpoch > verifier.nextEpoch() + 8) return;
        vm.prank(admin);
        operators.scheduleConfig(set, firstEpoch + 1, PARAMETERS, RULES);
    }

    /// @dev After long silence the owner replaces the set from the next epoch on, over configs that wait.
    function recover(bool small, uint8 sure) external timed {
        if (sure % 4 != 0) return;
        uint256 allowedAt = verifier.silentSince() + SILENCE;
        if (block.timestamp < allowedAt) vm.warp(allowedAt);
        address[] memory set = new address[](small ? 4 : 7);
        for (uint256 i = 0; i < set.length; ++i) {
            set[i] = reportKeys[i];
        }
        uint64 epoch = verifier.nextEpoch();
        vm.prank(admin);
        operators.recover(set, PARAMETERS, RULES);
        assertEq(operators.configAt(epoch).count, operators.configCount());
        assertEq(operators.configAt(epoch + 1000).count, operators.configCount());
    }

    /// @dev Every set is made of the first report keys: its first q members sign.
    function attest(Report memory r) internal override {
        (, uint8 q,) = operators.signersAt(r.epoch);
        bytes memory bytes_ = encode(r);
        uint32 bitmap = uint32((1 << q) - 1);
        verifier.attest(bytes_, bitmap, signatures(bytes_, bitmap));
    }

    // --- what the invariants read

    function pick(uint8 which) internal view returns (uint64) {
        uint64 first = verifier.nextFinal();
        uint64 open = verifier.nextEpoch() - first;
        return open == 0 ? first : first + (which % open);
    }

    function tree(bool old) internal view returns (bytes32 root, RewardLeaf[] memory leaves) {
        IRewardDistributor.Root memory r = old ? distributor.previous() : distributor.current();
        return (r.root, leavesOf[r.epoch]);
    }

    function book(address account, uint256 paid) internal {
        paidOut += paid;
        assertEq(distributor.claimed(account), lastClaimed[account] + paid);
        lastClaimed[account] = distributor.claimed(account);
    }

    function checkSupply() external view {
        assertLe(token.totalSupply(), CAP);
        assertEq(token.totalSupply(), token.grossMinted() - burned);
        uint256 scheduled = 0;
        uint256 budgets = 0;
        for (uint64 epoch = 1; epoch < verifier.nextFinal(); ++epoch) {
            scheduled += emission.emissionOf(epoch);
            budgets += emission.budgetOf(epoch);
        }
        assertLe(token.grossMinted() - GENESIS_SUPPLY, scheduled);
        assertLe(distributor.current().cumulativeTotal, budgets);
        assertEq(emission.nextEpoch(), verifier.nextFinal());
        assertEq(finalizations + 1, verifier.nextFinal());
    }

    function checkChain() external view {
        uint128 total = 0;
        uint32 leafCount = 0;
        bytes32 parent = bytes32(0);
        for (uint64 epoch = 1; epoch < verifier.nextEpoch(); ++epoch) {
            IReportVerifier.Accepted memory a = verifier.accepted(epoch);
            assertEq(a.digest, digestOf[epoch]);
            assertEq(parentOf[epoch], parent);
            assertLe(operators.configAt(epoch).firstEpoch, epoch);
            assertGe(a.cumulativeTotal, total);
            assertGe(a.leafCount, leafCount);
            assertLe(a.leafCount, payouts.count());
            assertLe(a.cumulativeTotal - total, emission.budgetOf(epoch));
            bool isFinal = a.status == IReportVerifier.Status.Final;
            assertEq(isFinal, epoch < verifier.nextFinal());
            if (isFinal) assertLe(a.claimableAt, clock);
            (total, leafCount, parent) = (a.cumulativeTotal, a.leafCount, a.digest);
        }
        assertEq(uint8(verifier.accepted(verifier.nextEpoch()).status) % 4, 0); // None or Cancelled
        assertEq(token.balanceOf(address(verifier)), openBonds);
        assertEq(token.balanceOf(address(operators)), N * MIN_BOND);
    }

    function checkClaims() external view {
        IRewardDistributor.Root memory current = distributor.current();
        assertEq(distributor.totalClaimed(), paidOut);
        assertLe(paidOut, current.cumulativeTotal);
        assertEq(token.balanceOf(address(distributor)), current.cumulativeTotal - paidOut);
        assertEq(current.epoch + 1, verifier.nextFinal());
        uint256 sum = 0;
        for (uint32 i = 0; i < payouts.count(); ++i) {
            address account = payouts.accountAt(i);
            assertEq(payouts.indexOf(account), i);
            assertLe(distributor.claimed(account), maxCumulative[account]);
            sum += distributor.claimed(account);
        }
        assertEq(sum, paidOut);
        assertLe(paidOut, CAPACITY + (CAPACITY * (clock - started)) / 24 hours + 1e6);
        assertLe(distributor.breakerRoom(true), distributor.breakerRoom(false));
    }
}
