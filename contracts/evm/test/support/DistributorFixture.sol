// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRewardDistributor} from "../../src/interfaces/IRewardDistributor.sol";
import {RewardLeaf} from "../../src/types/Report.sol";
import {Fixture} from "./Fixture.sol";
import {Tree} from "./Tree.sol";

/// @notice Six payout accounts and roots handed over without reports.
abstract contract DistributorFixture is Fixture {
    bytes32 internal domain;

    function setUp() public virtual override {
        super.setUp();
        domain = distributor.domain();
        enrol(6);
    }

    /// @dev Hands over a root as the verifier does, with the tokens for it.
    function advance(RewardLeaf[] memory leaves) internal returns (bytes32 root) {
        return advance(leaves, Tree.total(leaves));
    }

    function advance(RewardLeaf[] memory leaves, uint128 total) internal returns (bytes32 root) {
        root = Tree.root(domain, leaves);
        uint256 owed = total - distributor.current().cumulativeTotal;
        fund(address(distributor), owed);
        uint64 epoch = distributor.current().epoch + 1;
        vm.prank(address(verifier));
        distributor.advance(epoch, root, uint32(leaves.length), total);
    }

    function proof(RewardLeaf[] memory leaves, uint256 index) internal view returns (bytes32[] memory) {
        return Tree.proof(domain, leaves, index);
    }

    function claimAs(address sender, bytes32 root, RewardLeaf[] memory leaves, uint256 index)
        internal
        returns (uint256)
    {
        bytes32[] memory p = proof(leaves, index);
        vm.prank(sender);
        return distributor.claim(root, leaves[index], p);
    }

    function refuse(address sender, bytes32 root, RewardLeaf memory leaf, bytes32[] memory p, bytes memory reason)
        internal
    {
        vm.prank(sender);
        vm.expectRevert(reason);
        distributor.claim(root, leaf, p);
    }

    function claims(RewardLeaf[] memory leaves, uint256 count)
        internal
        view
        returns (IRewardDistributor.Claim[] memory batch)
    {
        batch = new IRewardDistributor.Claim[](count);
        for (uint256 i = 0; i < count; ++i) {
            batch[i] = IRewardDistributor.Claim(leaves[i], proof(leaves, i));
        }
    }
}
