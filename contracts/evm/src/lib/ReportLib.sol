// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IReportVerifier} from "../interfaces/IReportVerifier.sol";
import {Report} from "../types/Report.sol";

/// @title The 348 bytes of a report; docs/protocol.md, "Report".
library ReportLib {
    uint256 internal constant LENGTH = 348;
    bytes16 internal constant TAG = "\x19DePIN report v1";

    /// @notice What the operators sign.
    function digest(bytes calldata report) internal pure returns (bytes32) {
        return keccak256(report);
    }

    /// @notice Every field; refuses any other length or tag.
    function decode(bytes calldata report) internal pure returns (Report memory r) {
        if (report.length != LENGTH) revert IReportVerifier.BadLength(report.length, LENGTH);
        if (bytes16(report[0:16]) != TAG) revert IReportVerifier.BadTag();
        r.configDigest = bytes32(report[16:48]);
        r.generation = uint64(bytes8(report[48:56]));
        r.epoch = uint64(bytes8(report[56:64]));
        r.periodStart = uint64(bytes8(report[64:72]));
        r.periodEnd = uint64(bytes8(report[72:80]));
        r.anchorNumber = uint64(bytes8(report[80:88]));
        r.anchorHash = bytes32(report[88:120]);
        r.previousDigest = bytes32(report[120:152]);
        r.evidenceRoot = bytes32(report[152:184]);
        r.stateRoot = bytes32(report[184:216]);
        r.rewardsRoot = bytes32(report[216:248]);
        r.meteringRoot = bytes32(report[248:280]);
        r.leafCount = uint32(bytes4(report[280:284]));
        r.cumulativeTotal = uint128(bytes16(report[284:300]));
        r.unallocated = uint128(bytes16(report[300:316]));
        r.manifestHash = bytes32(report[316:348]);
    }
}
