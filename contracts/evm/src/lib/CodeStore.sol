// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Keeps bytes as a contract's code: reading n words costs one cold account instead of n cold slots.
library CodeStore {
    error StoreFailed();

    /// @notice Writes `data` behind a STOP byte, so that the code can never run.
    function write(bytes memory data) internal returns (address store) {
        // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN, then the code itself.
        bytes memory code = abi.encodePacked(hex"61", uint16(data.length + 1), hex"80600a3d393df3", hex"00", data);
        assembly ("memory-safe") {
            store := create(0, add(code, 32), mload(code))
        }
        if (store == address(0)) revert StoreFailed();
    }

    /// @notice `length` bytes of what was written, from `offset`. The caller keeps within bounds.
    function read(address store, uint256 offset, uint256 length) internal view returns (bytes memory data) {
        data = new bytes(length);
        assembly ("memory-safe") {
            extcodecopy(store, add(data, 32), add(offset, 1), length)
        }
    }
}
