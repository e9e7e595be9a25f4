// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The digest that names an operator set with its rules; docs/protocol.md, "Report".
library ConfigDigestLib {
    /// @notice Where a network's contracts live on this chain.
    struct Place {
        address verifier;
        address distributor;
        address token;
    }

    /// @param members n × (report key 20 · protocol key 32), ascending by report key.
    function digest(
        Place memory place,
        uint64 count,
        uint64 firstEpoch,
        uint8 n,
        uint8 q,
        bytes memory members,
        bytes32 parametersHash,
        bytes32 rulesHash
    ) internal view returns (bytes32) {
        bytes memory head = abi.encodePacked(
            "\x19DePIN config v1",
            uint8(0),
            block.chainid,
            uint256(uint160(place.verifier)),
            uint256(uint160(place.distributor)),
            uint256(uint160(place.token)),
            count,
            firstEpoch,
            n,
            q
        );
        return keccak256(abi.encodePacked(head, members, parametersHash, rulesHash));
    }
}
