// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {INetworkToken} from "../src/interfaces/INetworkToken.sol";
import {Fixture} from "./support/Fixture.sol";

contract NetworkTokenTest is Fixture {
    function test_Genesis_goes_to_the_allocation_and_counts_as_minted() public view {
        assertEq(token.balanceOf(bank) + MIN_BOND * N, GENESIS_SUPPLY);
        assertEq(token.grossMinted(), GENESIS_SUPPLY);
        assertEq(token.totalSupply(), GENESIS_SUPPLY);
        assertEq(token.cap(), CAP);
        assertEq(token.minter(), address(emission));
        assertEq(IERC20Metadata(address(token)).decimals(), 18);
    }

    function test_guard_Only_the_minter_mints() public {
        vm.expectRevert(abi.encodeWithSelector(INetworkToken.NotMinter.selector, address(this)));
        token.mint(address(this), 1);
    }

    function test_guard_Never_mints_past_the_cap() public {
        vm.startPrank(address(emission));
        token.mint(treasury, CAP - GENESIS_SUPPLY);
        vm.expectRevert(abi.encodeWithSelector(INetworkToken.CapExceeded.selector, CAP, 1, CAP));
        token.mint(treasury, 1);
    }

    function test_Burning_frees_no_room_under_the_cap() public {
        vm.prank(address(emission));
        token.mint(treasury, CAP - GENESIS_SUPPLY);
        vm.prank(treasury);
        token.burn(5e18);
        assertEq(token.totalSupply(), CAP - 5e18);
        vm.prank(address(emission));
        vm.expectRevert(abi.encodeWithSelector(INetworkToken.CapExceeded.selector, CAP, 1, CAP));
        token.mint(treasury, 1);
    }

    function test_guard_The_genesis_allocation_fits_the_cap() public {
        INetworkToken.Allocation[] memory genesis = new INetworkToken.Allocation[](2);
        genesis[0] = INetworkToken.Allocation(bank, 60);
        genesis[1] = INetworkToken.Allocation(treasury, 41);
        vm.expectRevert(abi.encodeWithSelector(INetworkToken.CapExceeded.selector, 60, 41, 100));
        make("NetworkToken", abi.encode("T", "T", 9, 100, admin, genesis));
    }

    function test_guard_The_cap_fits_112_bits() public {
        INetworkToken.Allocation[] memory none;
        uint256 limit = type(uint112).max;
        make("NetworkToken", abi.encode("T", "T", 9, limit, admin, none));
        vm.expectRevert(abi.encodeWithSelector(INetworkToken.CapTooLarge.selector, limit + 1, limit));
        make("NetworkToken", abi.encode("T", "T", 9, limit + 1, admin, none));
    }

    function test_Nobody_burns_what_they_do_not_have() public {
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, address(this), 0, 1));
        token.burn(1);
    }

    function test_Permit_moves_tokens_without_an_approval_transaction() public {
        (address holder, uint256 key) = makeAddrAndKey("holder");
        fund(holder, 10e18);
        bytes32 digest = keccak256(
            abi.encodePacked(
                "\x19\x01",
                IERC20Permit(address(token)).DOMAIN_SEPARATOR(),
                keccak256(
                    abi.encode(
                        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                        holder,
                        address(this),
                        7e18,
                        0,
                        block.timestamp
                    )
                )
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        IERC20Permit(address(token)).permit(holder, address(this), 7e18, block.timestamp, v, r, s);
        token.transferFrom(holder, treasury, 7e18);
        assertEq(token.balanceOf(treasury), 7e18);
    }

    function testFuzz_Supply_is_genesis_plus_minted_less_burned(uint96 minted, uint96 burned) public {
        uint256 amount = bound(minted, 1, CAP - GENESIS_SUPPLY);
        uint256 ash = bound(burned, 0, amount);
        vm.prank(address(emission));
        token.mint(treasury, amount);
        vm.prank(treasury);
        token.burn(ash);
        assertEq(token.totalSupply(), GENESIS_SUPPLY + amount - ash);
        assertEq(token.grossMinted(), GENESIS_SUPPLY + amount);
    }
}

