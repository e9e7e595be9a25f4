// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

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

    function leafHash(bytes32 domain_, RewardLeaf calldata leaf) internal pure returns (bytes32 hash) {
        // The reads check that every field fits its type. The 132 bytes stand above the allocated memory, which a batch does not grow by them.
        uint256 index = leaf.index;
        uint256 account = uint160(leaf.account);
        uint256 cumulative = leaf.cumulative;
        uint256 prefix = leaf.prefix;
        bytes32 itemsHash = leaf.itemsHash;
        assembly ("memory-safe") {
            let at := mload(0x40)
            // The index takes the last 4 bytes of its word, of which the domain overwrites the rest.
            mstore(add(at, 4), index)
            mstore(at, domain_)
            mstore(add(at, 36), account)
            mstore(add(at, 68), or(shl(128, cumulative), prefix))
            mstore(add(at, 100), itemsHash)
            mstore(0x00, keccak256(at, 132))
            hash := keccak256(0x00, 0x20)
        }
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
        assembly ("memory-safe") {
            // The node goes left where the position is even, right where it is odd; its sibling to the other side.
            let end := add(proof.offset, shl(5, proof.length))
            for { let at := proof.offset } lt(at, end) { at := add(at, 0x20) } {
                let side := shl(5, and(position, 1))
                mstore(side, node)
                mstore(xor(side, 0x20), calldataload(at))
                node := keccak256(0x00, 0x40)
                position := shr(1, position)
            }
        }
        return node == root;
    }
}
