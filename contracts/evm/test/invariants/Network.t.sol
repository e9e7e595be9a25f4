// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";
import {NetworkHandler} from "./NetworkHandler.sol";

/// @notice What holds after any sequence of reports, challenges, cancellations, finalizations and claims.
contract NetworkInvariants is Test {
    NetworkHandler internal handler;

    function setUp() public {
        handler = new NetworkHandler();
        handler.setUp();
        bytes4[] memory selectors = new bytes4[](12);
        selectors[0] = NetworkHandler.wait.selector;
        selectors[1] = NetworkHandler.join.selector;
        selectors[2] = NetworkHandler.report.selector;
        selectors[3] = NetworkHandler.settle.selector;
        selectors[4] = NetworkHandler.challenge.selector;
        selectors[5] = NetworkHandler.cancel.selector;
        selectors[6] = NetworkHandler.reclaim.selector;
        selectors[7] = NetworkHandler.claim.selector;
        selectors[8] = NetworkHandler.claimBatch.selector;
        selectors[9] = NetworkHandler.tune.selector;
        selectors[10] = NetworkHandler.changeSet.selector;
        selectors[11] = NetworkHandler.recover.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
        targetContract(address(handler));
    }

    function invariant_Supply_is_what_the_schedule_allows() public view {
        handler.checkSupply();
    }

    function invariant_Reports_form_one_chain_and_bonds_are_conserved() public view {
        handler.checkChain();
    }

    function invariant_Claims_never_exceed_what_is_final() public view {
        handler.checkClaims();
    }
}
