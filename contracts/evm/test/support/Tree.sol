// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {RewardLeaf} from "../../src/types/Report.sol";

/// @notice Builds reward trees as docs/protocol.md says, without the library under test.
library Tree {
    /// @dev Sets indexes and prefixes.
    function place(RewardLeaf[] memory leaves) internal pure {
        uint128 prefix = 0;
        for (uint32 i = 0; i < leaves.length; ++i) {
            leaves[i].index = i;
            leaves[i].prefix = prefix;
            prefix += leaves[i].cumulative;
        }
    }

    function total(RewardLeaf[] memory leaves) internal pure returns (uint128 sum) {
        for (uint256 i = 0; i < leaves.length; ++i) {
            sum += leaves[i].cumulative;
        }
    }

    function hash(bytes32 domain, RewardLeaf memory leaf) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    bytes.concat(
                        domain,
                        bytes4(leaf.index),
                        bytes32(uint256(uint160(leaf.account))),
                        bytes16(leaf.cumulative),
                        bytes16(leaf.prefix),
                        leaf.itemsHash
                    )
                )
            )
        );
    }

    function root(bytes32 domain, RewardLeaf[] memory leaves) internal pure returns (bytes32) {
        if (leaves.length == 0) return bytes32(0);
        bytes32[] memory row = _bottom(domain, leaves);
        while (row.length > 1) row = _above(row);
        return row[0];
    }

    function proof(bytes32 domain, RewardLeaf[] memory leaves, uint256 index)
        internal
        pure
        returns (bytes32[] memory siblings)
    {
        bytes32[] memory row = _bottom(domain, leaves);
        uint256 depth = 0;
        while ((1 << depth) < row.length) ++depth;
        siblings = new bytes32[](depth);
        for (uint256 i = 0; i < depth; ++i) {
            siblings[i] = row[index ^ 1];
            row = _above(row);
            index /= 2;
        }
    }

    function _bottom(bytes32 domain, RewardLeaf[] memory leaves) private pure returns (bytes32[] memory row) {
        uint256 width = 1;
        while (width < leaves.length) width *= 2;
        row = new bytes32[](width);
        for (uint256 i = 0; i < leaves.length; ++i) {
            row[i] = hash(domain, leaves[i]);
        }
    }

    function _above(bytes32[] memory row) private pure returns (bytes32[] memory above) {
        above = new bytes32[](row.length / 2);
        for (uint256 i = 0; i < above.length; ++i) {
            above[i] = keccak256(bytes.concat(row[2 * i], row[2 * i + 1]));
        }
    }
}
