// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IDeviceRegistry} from "../src/interfaces/IDeviceRegistry.sol";
import {DeviceFixture} from "./support/DeviceFixture.sol";

/// @notice What happens to a device after its registration.
contract DeviceRegistryLifeTest is DeviceFixture {
    IDeviceRegistry.KeyType internal constant K1 = IDeviceRegistry.KeyType.Secp256k1;
    IDeviceRegistry.KeyType internal constant ED = IDeviceRegistry.KeyType.Ed25519;
    address internal buyer = makeAddr("buyer");
    uint256 internal id;

    function setUp() public override {
        super.setUp();
        id = addDevice(11);
    }

    function status() internal view returns (IDeviceRegistry.Status) {
        return devices.device(id).status;
    }

    function wrongStatus() internal view returns (bytes memory) {
        return abi.encodeWithSelector(IDeviceRegistry.WrongStatus.selector, id, status());
    }

    function suspend() internal {
        vm.prank(admin);
        devices.suspend(id);
    }

    function retire() internal {
        vm.prank(owner);
        devices.retire(id);
    }

    // --- place and status

    function test_The_owner_asserts_a_cell() public {
        vm.expectEmit(address(devices));
        emit IDeviceRegistry.CellAsserted(id, 42);
        vm.prank(owner);
        devices.assertCell(id, 42);
        assertEq(devices.device(id).cell, 42);
    }

    function test_A_device_is_suspended_and_reinstated() public {
        suspend();
        assertEq(uint8(status()), uint8(IDeviceRegistry.Status.Suspended));
        vm.expectEmit(address(devices));
        emit IDeviceRegistry.StatusChanged(id, IDeviceRegistry.Status.Suspended, IDeviceRegistry.Status.Active);
        vm.prank(admin);
        devices.reinstate(id);
        assertEq(uint8(status()), uint8(IDeviceRegistry.Status.Active));
    }

    function test_guard_Only_the_devices_owner_moves_retires_and_rekeys_it() public {
        bytes memory reason = abi.encodeWithSelector(IDeviceRegistry.NotDeviceOwner.selector, id, address(this));
        vm.expectRevert(reason);
        devices.assertCell(id, 42);
        vm.expectRevert(reason);
        devices.retire(id);
        vm.expectRevert(reason);
        devices.cancelKey(id);
        IDeviceRegistry.Registration memory r = registration(K1, 12);
        vm.expectRevert(reason);
        devices.scheduleKey(id, r, "", "");
    }

    function test_guard_A_suspended_device_stays_as_it_is() public {
        suspend();
        bytes memory reason = wrongStatus();
        vm.startPrank(owner);
        vm.expectRevert(reason);
        devices.assertCell(id, 42);
        vm.expectRevert(reason);
        devices.retire(id);
        vm.expectRevert(reason);
        devices.transferFrom(owner, buyer, id);
        IDeviceRegistry.Registration memory r = registration(K1, 12);
        vm.expectRevert(reason);
        devices.scheduleKey(id, r, "", "");
        vm.stopPrank();
        vm.prank(admin);
        vm.expectRevert(reason);
        devices.suspend(id);
    }

    function test_guard_A_retired_device_never_comes_back() public {
        retire();
        bytes memory reason = wrongStatus();
        vm.startPrank(admin);
        vm.expectRevert(reason);
        devices.suspend(id);
        vm.expectRevert(reason);
        devices.reinstate(id);
        vm.stopPrank();
        vm.prank(owner);
        vm.expectRevert(reason);
        devices.retire(id);
    }

    function test_guard_A_token_that_does_not_exist_is_named() public {
        bytes memory reason = abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, id + 1);
        vm.startPrank(admin);
        vm.expectRevert(reason);
        devices.suspend(id + 1);
        vm.expectRevert(reason);
        devices.reinstate(id + 1);
        vm.expectRevert(reason);
        devices.applyKey(id + 1);
    }

    function test_guard_Only_a_suspended_device_is_reinstated() public {
        bytes memory reason = wrongStatus();
        vm.prank(admin);
        vm.expectRevert(reason);
        devices.reinstate(id);
    }

    // --- transfer

    function test_A_transfer_gives_the_new_owner_a_payout_index() public {
        assertFalse(payouts.isRegistered(buyer));
        vm.prank(owner);
        devices.transferFrom(owner, buyer, id);
        assertEq(devices.ownerOf(id), buyer);
        assertTrue(payouts.isRegistered(buyer));
        assertTrue(payouts.isRegistered(owner));
    }

    function test_guard_A_key_that_waits_does_not_travel_with_the_device() public {
        schedule(K1, 12);
        vm.expectEmit(address(devices));
        emit IDeviceRegistry.KeyRotationCancelled(id);
        vm.prank(owner);
        devices.transferFrom(owner, buyer, id);
        vm.warp(block.timestamp + KEY_DELAY);
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.RotationNotReady.selector, id, 0));
        devices.applyKey(id);
    }

    // --- keys

    function schedule(IDeviceRegistry.KeyType keyType, uint256 key)
        internal
        returns (IDeviceRegistry.Registration memory r)
    {
        r = registration(keyType, key);
        bytes32 digest = devices.rotationDigest(id, r);
        bytes memory device = signAs(keyType, key, digest);
        bytes memory approval = makerSign(digest);
        vm.prank(owner);
        devices.scheduleKey(id, r, device, approval);
    }

    function refuseKey(IDeviceRegistry.Registration memory r, uint256 key, bytes memory reason) internal {
        bytes32 digest = devices.rotationDigest(id, r);
        bytes memory device = signAs(r.keyType, key, digest);
        bytes memory approval = makerSign(digest);
        vm.prank(owner);
        vm.expectRevert(reason);
        devices.scheduleKey(id, r, device, approval);
    }

    function test_A_new_key_takes_over_after_the_delay_and_the_token_stays() public {
        bytes32 old = devices.device(id).deviceId;
        IDeviceRegistry.Registration memory r = schedule(ED, 12);
        bytes32 next = idOf(r);
        assertEq(devices.rotation(id).deviceId, next);
        assertEq(devices.rotation(id).readyAt, block.timestamp + KEY_DELAY);
        assertEq(devices.tokenOf(next), 0);
        assertTrue(devices.isKeyUsed(next));
        vm.warp(block.timestamp + KEY_DELAY);
        vm.expectEmit(address(devices));
        emit IDeviceRegistry.KeyRotated(id, old, next);
        devices.applyKey(id);
        assertEq(devices.device(id).deviceId, next);
        assertEq(uint8(devices.device(id).keyType), uint8(ED));
        assertEq(devices.tokenOf(next), id);
        assertEq(devices.tokenOf(old), 0);
        assertTrue(devices.isKeyUsed(old));
        assertEq(devices.rotation(id).readyAt, 0);
    }

    function test_guard_A_new_key_waits_for_its_delay() public {
        schedule(K1, 12);
        uint64 readyAt = uint64(block.timestamp) + KEY_DELAY;
        vm.warp(readyAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.RotationNotReady.selector, id, readyAt));
        devices.applyKey(id);
    }

    function test_guard_Without_a_rotation_there_is_none_to_apply_or_cancel() public {
        bytes memory reason = abi.encodeWithSelector(IDeviceRegistry.RotationNotReady.selector, id, 0);
        vm.expectRevert(reason);
        devices.applyKey(id);
        vm.prank(owner);
        vm.expectRevert(reason);
        devices.cancelKey(id);
    }

    function test_A_rotation_is_cancelled_and_its_key_stays_used() public {
        IDeviceRegistry.Registration memory r = schedule(K1, 12);
        vm.prank(owner);
        devices.cancelKey(id);
        refuseKey(r, 12, abi.encodeWithSelector(IDeviceRegistry.KeyUsed.selector, idOf(r)));
        assertEq(devices.rotation(id).readyAt, 0);
    }

    function test_A_second_rotation_replaces_the_first() public {
        schedule(K1, 12);
        vm.expectEmit(address(devices));
        emit IDeviceRegistry.KeyRotationCancelled(id);
        IDeviceRegistry.Registration memory r = schedule(K1, 13);
        assertEq(devices.rotation(id).deviceId, idOf(r));
    }

    function test_guard_A_rotated_key_is_never_registered_again() public {
        bytes32 old = devices.device(id).deviceId;
        schedule(K1, 12);
        vm.warp(block.timestamp + KEY_DELAY);
        devices.applyKey(id);
        refuse(registration(K1, 11), 11, abi.encodeWithSelector(IDeviceRegistry.KeyUsed.selector, old));
    }

    function test_guard_The_new_key_signs_the_rotation_of_this_very_token() public {
        IDeviceRegistry.Registration memory r = registration(K1, 12);
        bytes32[3] memory wrong =
            [devices.rotationDigest(id + 1, r), devices.registrationDigest(r), keccak256("nothing")];
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory device = sign(12, wrong[i]);
            vm.prank(owner);
            vm.expectRevert(IDeviceRegistry.BadDeviceSignature.selector);
            devices.scheduleKey(id, r, device, "");
        }
    }

    function test_guard_An_Ed25519_key_needs_the_makers_word() public {
        IDeviceRegistry.Registration memory r = registration(ED, 12);
        vm.prank(owner);
        vm.expectRevert(IDeviceRegistry.BadMakerSignature.selector);
        devices.scheduleKey(id, r, "", "");
    }

    function test_guard_A_rotation_names_owner_and_model_and_no_batch() public {
        IDeviceRegistry.Registration memory r = registration(K1, 12);
        r.owner = buyer;
        refuseKey(r, 12, abi.encodeWithSelector(IDeviceRegistry.NotDeviceOwner.selector, id, buyer));
        r = registration(K1, 12);
        r.modelId = 99;
        refuseKey(r, 12, abi.encodeWithSelector(IDeviceRegistry.UnknownModel.selector, 99));
        r = registration(K1, 12);
        r.batchId = 1;
        refuseKey(r, 12, abi.encodeWithSelector(IDeviceRegistry.UnknownBatch.selector, 1));
    }

    function test_guard_A_rotation_expires_and_has_a_nonce() public {
        IDeviceRegistry.Registration memory r = registration(K1, 12);
        r.deadline = uint64(block.timestamp) - 1;
        refuseKey(r, 12, abi.encodeWithSelector(IDeviceRegistry.Expired.selector, r.deadline));
        r = registration(K1, 12);
        r.nonce = 1;
        refuseKey(r, 12, abi.encodeWithSelector(IDeviceRegistry.NonceMismatch.selector, 0, 1));
    }

    function test_guard_A_suspended_device_takes_no_new_key() public {
        schedule(K1, 12);
        suspend();
        vm.warp(block.timestamp + KEY_DELAY);
        bytes memory reason = wrongStatus();
        vm.expectRevert(reason);
        devices.applyKey(id);
    }

    function test_Retiring_drops_a_key_that_waits() public {
        schedule(K1, 12);
        retire();
        assertEq(devices.rotation(id).readyAt, 0);
    }
}
