// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title P-256 by the chain's precompile at 0x100 (RIP-7212, EIP-7951), and by nothing else: in Solidity it costs 230,000 gas.
library P256Lib {
    address private constant PRECOMPILE = address(0x100);
    /// @dev Half of the group's order: of s and n − s only the lower one is a signature here.
    uint256 private constant HALF_ORDER = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8;

    /// @notice Whether (r, s) with low s is a signature of `digest` under (x, y). False also where there is no precompile.
    function verify(bytes32 digest, bytes32 r, bytes32 s, bytes32 x, bytes32 y) internal view returns (bool) {
        return uint256(s) <= HALF_ORDER && _call(digest, r, s, x, y);
    }

    /// @notice Whether the precompile exists: it answers an invalid signature like an account without code, so ask it a valid one.
    function available() internal view returns (bool) {
        // Made for this: key 1 signs the hash 1 with nonce 1, so that (x, y) = G, r = G.x mod n and s = 1 + r mod n.
        return _call(
            bytes32(uint256(1)),
            0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
            0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c297,
            0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
            0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5
        );
    }

    function _call(bytes32 digest, bytes32 r, bytes32 s, bytes32 x, bytes32 y) private view returns (bool) {
        (bool success, bytes memory answer) = PRECOMPILE.staticcall(abi.encode(digest, r, s, x, y));
        return success && answer.length == 32 && abi.decode(answer, (uint256)) == 1;
    }
}
