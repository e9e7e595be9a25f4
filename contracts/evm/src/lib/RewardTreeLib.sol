// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {RewardLeaf} from "../types/Report.sol";

/// @title The positional reward tree; docs/protocol.md, "Rewards".
library RewardTreeLib {
    /// @notice Binds a leaf to one chain, distributor and token.
    function domain(address distributor, address token) internal view returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                "\x19DePIN reward v1", uint8(0), block.chainid, uint256(uint160(distributor)), uint256(uint160(token))
            )
        );
    }

    function leafHash(bytes32 domain_, RewardLeaf calldata leaf) internal pure returns (bytes32) {
        bytes32 inner = keccak256(
            abi.encodePacked(
                domain_, leaf.index, uint256(uint160(leaf.account)), leaf.cumulative, leaf.prefix, leaf.itemsHash
            )
        );
        return keccak256(abi.encodePacked(inner));
    }

    /// @notice The least d with 2^d ≥ `leafCount`.
    function depth(uint32 leafCount) internal pure returns (uint256) {
        return leafCount < 2 ? 0 : Math.log2(uint256(leafCount) - 1) + 1;
    }

    /// @notice Whether `leaf` stands at its index in the tree of `leafCount` leaves under `root`.
    function verify(bytes32 root, uint32 leafCount, bytes32 domain_, RewardLeaf calldata leaf, bytes32[] calldata proof)
        internal
        pure
        returns (bool)
    {
        uint256 position = leaf.index;
        if (position >= leafCount || proof.length != depth(leafCount)) return false;
        bytes32 node = leafHash(domain_, leaf);
        for (uint256 i = 0; i < proof.length; ++i) {
            bytes32 sibling = proof[i];
            node =
                position & 1 == 0 ? Hashes.efficientKeccak256(node, sibling) : Hashes.efficientKeccak256(sibling, node);
            position >>= 1;
        }
        return node == root;
    }
}
