// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IDeviceRegistry} from "../src/interfaces/IDeviceRegistry.sol";
import {IOwned} from "../src/interfaces/IOwned.sol";
import {DeviceFixture} from "./support/DeviceFixture.sol";

/// @notice Makers, models, batches and the registration of devices.
contract DeviceRegistryTest is DeviceFixture {
    IDeviceRegistry.KeyType internal constant K1 = IDeviceRegistry.KeyType.Secp256k1;
    IDeviceRegistry.KeyType internal constant R1 = IDeviceRegistry.KeyType.P256;
    IDeviceRegistry.KeyType internal constant ED = IDeviceRegistry.KeyType.Ed25519;

    // --- makers and models

    function test_A_maker_has_account_quota_and_models() public view {
        IDeviceRegistry.Maker memory m = devices.maker(MAKER);
        assertEq(m.account, maker);
        assertEq(m.quota, QUOTA);
        assertTrue(m.active);
        IDeviceRegistry.Model memory model = devices.model(modelId);
        assertEq(model.makerId, MAKER);
        assertEq(model.class, 3);
        assertEq(model.capabilities, 5);
        assertEq(model.cadence, 600);
    }

    function test_guard_Only_the_owner_sets_makers_suspends_and_reinstates() public {
        bytes memory reason = abi.encodeWithSelector(IOwned.NotOwner.selector, address(this));
        vm.expectRevert(reason);
        devices.setMaker(8, maker, 1, true);
        vm.expectRevert(reason);
        devices.suspend(1);
        vm.expectRevert(reason);
        devices.reinstate(1);
    }

    function test_guard_Makers_have_a_number_and_an_account() public {
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.UnknownMaker.selector, 0));
        devices.setMaker(0, maker, 1, true);
        vm.expectRevert(IDeviceRegistry.ZeroAddress.selector);
        devices.setMaker(8, address(0), 1, true);
    }

    function test_guard_Only_an_active_maker_adds_models_and_batches() public {
        bytes memory reason = abi.encodeWithSelector(IDeviceRegistry.NotMaker.selector, address(this));
        vm.expectRevert(reason);
        devices.addModel(MAKER, 1, 0, 0, 0);
        vm.expectRevert(reason);
        devices.publishBatch(MAKER, 0, 1, "");
        reason = abi.encodeWithSelector(IDeviceRegistry.UnknownMaker.selector, 8);
        vm.prank(address(0));
        vm.expectRevert(reason);
        devices.addModel(8, 1, 0, 0, 0);
        vm.prank(admin);
        devices.setMaker(MAKER, maker, QUOTA, false);
        reason = abi.encodeWithSelector(IDeviceRegistry.MakerInactive.selector, MAKER);
        vm.startPrank(maker);
        vm.expectRevert(reason);
        devices.addModel(MAKER, 1, 0, 0, 0);
        vm.expectRevert(reason);
        devices.publishBatch(MAKER, 0, 1, "");
    }

    // --- registration

    function checkRegistered(IDeviceRegistry.KeyType keyType) internal {
        IDeviceRegistry.Registration memory r = registration(keyType, 11);
        bytes32 id = idOf(r);
        vm.expectEmit(address(devices));
        emit IDeviceRegistry.DeviceRegistered(1, id, owner, modelId, keyType, r.publicKey, 0, r.cell, r.metadata);
        assertEq(submit(r, 11), 1);
        IDeviceRegistry.Device memory d = devices.device(1);
        assertEq(d.modelId, modelId);
        assertEq(uint8(d.status), uint8(IDeviceRegistry.Status.Active));
        assertEq(uint8(d.keyType), uint8(keyType));
        assertEq(d.registeredAt, block.timestamp);
        assertEq(d.cell, r.cell);
        assertEq(d.deviceId, id);
        assertEq(devices.ownerOf(1), owner);
        assertEq(devices.tokenOf(id), 1);
        assertTrue(devices.isKeyUsed(id));
        assertEq(devices.nonces(id), 1);
        assertEq(devices.deviceCount(), 1);
        assertEq(devices.maker(MAKER).issued, 1);
        assertTrue(payouts.isRegistered(owner));
    }

    function test_A_secp256k1_device_is_registered() public {
        checkRegistered(K1);
    }

    function test_A_P256_device_is_registered() public {
        checkRegistered(R1);
    }

    function test_An_Ed25519_device_is_registered_on_its_makers_word() public {
        checkRegistered(ED);
    }

    function test_guard_Tokens_start_at_one() public {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 0));
        devices.device(0);
        assertEq(devices.tokenOf(keccak256("unknown")), 0);
    }

    function test_guard_A_key_is_used_once() public {
        IDeviceRegistry.Registration memory r = registration(K1, 11);
        submit(r, 11);
        refuse(r, 11, abi.encodeWithSelector(IDeviceRegistry.KeyUsed.selector, idOf(r)));
    }

    function test_guard_The_key_of_a_retired_device_stays_used() public {
        IDeviceRegistry.Registration memory r = registration(K1, 11);
        submit(r, 11);
        vm.prank(owner);
        devices.retire(1);
        refuse(r, 11, abi.encodeWithSelector(IDeviceRegistry.KeyUsed.selector, idOf(r)));
    }

    function test_guard_Keys_have_the_length_of_their_type() public {
        IDeviceRegistry.Registration memory r = registration(K1, 11);
        r.publicKey = new bytes(65);
        refuse(r, 11, abi.encodeWithSelector(IDeviceRegistry.BadKey.selector, K1, 65));
        r = registration(ED, 11);
        r.publicKey = new bytes(64);
        refuse(r, 11, abi.encodeWithSelector(IDeviceRegistry.BadKey.selector, ED, 64));
        r = registration(R1, 11);
        r.publicKey = new bytes(32);
        refuse(r, 11, abi.encodeWithSelector(IDeviceRegistry.BadKey.selector, R1, 32));
        r = registration(K1, 11);
        r.keyType = IDeviceRegistry.KeyType.None;
        bytes memory reason = abi.encodeWithSelector(IDeviceRegistry.BadKey.selector, r.keyType, 64);
        vm.expectRevert(reason);
        devices.register(r, "", "", new bytes32[](0));
    }

    function test_guard_A_registration_expires() public {
        IDeviceRegistry.Registration memory r = registration(K1, 11);
        vm.warp(r.deadline + 1);
        refuse(r, 11, abi.encodeWithSelector(IDeviceRegistry.Expired.selector, r.deadline));
        vm.warp(r.deadline);
        submit(r, 11);
    }

    function test_guard_The_nonce_is_the_keys() public {
        IDeviceRegistry.Registration memory r = registration(K1, 11);
        r.nonce = 1;
        refuse(r, 11, abi.encodeWithSelector(IDeviceRegistry.NonceMismatch.selector, 0, 1));
    }

    function test_guard_The_model_exists() public {
        IDeviceRegistry.Registration memory r = registration(K1, 11);
        r.modelId = 0;
        refuse(r, 11, abi.encodeWithSelector(IDeviceRegistry.UnknownModel.selector, 0));
        r.modelId = 2;
        refuse(r, 11, abi.encodeWithSelector(IDeviceRegistry.UnknownModel.selector, 2));
    }

    function test_guard_The_maker_is_active() public {
        vm.prank(admin);
        devices.setMaker(MAKER, maker, QUOTA, false);
        refuse(registration(K1, 11), 11, abi.encodeWithSelector(IDeviceRegistry.MakerInactive.selector, MAKER));
    }

    function test_guard_A_maker_keeps_to_its_quota() public {
        vm.prank(admin);
        devices.setMaker(MAKER, maker, 2, true);
        addDevice(11);
        addDevice(12);
        refuse(registration(K1, 13), 13, abi.encodeWithSelector(IDeviceRegistry.QuotaExceeded.selector, MAKER, 2));
    }

    function test_guard_The_owner_is_not_the_zero_address() public {
        IDeviceRegistry.Registration memory r = registration(K1, 11);
        r.owner = address(0);
        refuse(r, 11, abi.encodeWithSelector(IERC721Errors.ERC721InvalidReceiver.selector, address(0)));
    }

    // --- what the device signs

    /// @dev One change of each signed field, and of what the domain binds; each must spoil the signature.
    function change(IDeviceRegistry.Registration memory r, uint256 field) internal {
        if (field == 0) r.owner = address(0xbad);
        if (field == 1) r.modelId = modelId + 1;
        if (field == 2) r.batchId = 1;
        if (field == 3) r.cell += 1;
        if (field == 4) r.metadata = keccak256("other");
        if (field == 5) r.nonce = 1;
        if (field == 6) r.deadline += 1;
        if (field == 7) r.publicKey = publicKey(r.keyType, 99);
    }

    function test_guard_The_device_signs_every_field_and_no_two_digests_are_equal() public {
        vm.prank(maker);
        devices.addModel(MAKER, 3, 5, 600, 0);
        IDeviceRegistry.Registration memory r = registration(K1, 11);
        bytes32[11] memory digests;
        for (uint256 i = 0; i < 8; ++i) {
            IDeviceRegistry.Registration memory changed = registration(K1, 11);
            change(changed, i);
            digests[i] = devices.registrationDigest(changed);
        }
        digests[8] = devices.registrationDigest(r);
        digests[9] = devices.rotationDigest(0, r);
        digests[10] = devices.rotationDigest(1, r);
        for (uint256 i = 0; i < digests.length; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                assertNotEq(digests[i], digests[j]);
            }
        }
    }

    function test_guard_A_signature_for_one_payload_is_refused_for_another() public {
        vm.prank(maker);
        devices.addModel(MAKER, 3, 5, 600, 0);
        IDeviceRegistry.KeyType[2] memory types = [K1, R1];
        for (uint256 t = 0; t < 2; ++t) {
            for (uint256 i = 0; i < 8; ++i) {
                // A batch or a nonce fails for itself; a key is not the signer's.
                if (i == 2 || i == 5) continue;
                IDeviceRegistry.Registration memory r = registration(types[t], 11);
                bytes memory device = signAs(types[t], 11, devices.registrationDigest(r));
                change(r, i);
                bytes memory approval = makerSign(devices.registrationDigest(r));
                vm.expectRevert(IDeviceRegistry.BadDeviceSignature.selector);
                devices.register(r, device, approval, new bytes32[](0));
            }
        }
    }

    function test_guard_A_signature_for_another_registry_chain_or_action_is_refused() public {
        IDeviceRegistry.Registration memory r = registration(K1, 11);
        bytes32 rotation = devices.rotationDigest(0, r);
        bytes32 mine = devices.registrationDigest(r);
        vm.chainId(block.chainid + 1);
        bytes32 elsewhere = devices.registrationDigest(r);
        vm.chainId(block.chainid - 1);
        IDeviceRegistry first = devices;
        deploy();
        bytes32 another = devices.registrationDigest(r);
        bytes32[3] memory wrong = [rotation, elsewhere, another];
        bytes memory approval = makerSign(mine);
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory device = sign(11, wrong[i]);
            vm.expectRevert(IDeviceRegistry.BadDeviceSignature.selector);
            first.register(r, device, approval, new bytes32[](0));
        }
        first.register(r, sign(11, mine), approval, new bytes32[](0));
    }

    function test_guard_Device_signatures_have_64_bytes_and_Ed25519_none() public {
        IDeviceRegistry.Registration memory r = registration(K1, 11);
        bytes32 digest = devices.registrationDigest(r);
        bytes memory device = bytes.concat(sign(11, digest), hex"00");
        bytes memory approval = makerSign(digest);
        vm.expectRevert(IDeviceRegistry.BadDeviceSignature.selector);
        devices.register(r, device, approval, new bytes32[](0));
        r = registration(ED, 11);
        approval = makerSign(devices.registrationDigest(r));
        vm.expectRevert(IDeviceRegistry.BadDeviceSignature.selector);
        devices.register(r, new bytes(64), approval, new bytes32[](0));
    }

    function test_guard_A_P256_signature_with_high_s_is_refused() public {
        IDeviceRegistry.Registration memory r = registration(R1, 11);
        bytes32 digest = devices.registrationDigest(r);
        (bytes32 x, bytes32 s) = vm.signP256(11, digest);
        if (uint256(s) <= P256_ORDER / 2) s = bytes32(P256_ORDER - uint256(s));
        bytes memory approval = makerSign(digest);
        vm.expectRevert(IDeviceRegistry.BadDeviceSignature.selector);
        devices.register(r, bytes.concat(x, s), approval, new bytes32[](0));
    }

    function test_guard_Without_the_precompile_P256_is_refused_by_name() public {
        IDeviceRegistry.Registration memory r = registration(R1, 11);
        bytes32 digest = devices.registrationDigest(r);
        bytes memory device = signAs(R1, 11, digest);
        bytes memory approval = makerSign(digest);
        vm.mockCall(address(0x100), bytes(""), bytes(""));
        vm.expectRevert(IDeviceRegistry.NoP256.selector);
        devices.register(r, device, approval, new bytes32[](0));
        vm.clearMockedCalls();
        devices.register(r, device, approval, new bytes32[](0));
    }

    // --- what the maker signs

    function test_guard_The_maker_approves_devices_outside_a_batch() public {
        IDeviceRegistry.KeyType[3] memory types = [K1, R1, ED];
        for (uint256 t = 0; t < 3; ++t) {
            IDeviceRegistry.Registration memory r = registration(types[t], 11);
            bytes32 digest = devices.registrationDigest(r);
            bytes memory device = signAs(types[t], 11, digest);
            vm.expectRevert(IDeviceRegistry.BadMakerSignature.selector);
            devices.register(r, device, "", new bytes32[](0));
            (uint8 v, bytes32 x, bytes32 s) = vm.sign(12, digest);
            vm.expectRevert(IDeviceRegistry.BadMakerSignature.selector);
            devices.register(r, device, abi.encodePacked(x, s, v), new bytes32[](0));
        }
    }

    // --- batches

    function leafOf(IDeviceRegistry.Registration memory r) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(idOf(r), r.modelId))));
    }

    /// @dev A batch of two devices; the proof of one is the leaf of the other.
    function publish(IDeviceRegistry.Registration memory a, IDeviceRegistry.Registration memory b, uint32 count)
        internal
        returns (uint64 batchId)
    {
        (bytes32 x, bytes32 y) = (leafOf(a), leafOf(b));
        bytes32 root = x < y ? keccak256(bytes.concat(x, y)) : keccak256(bytes.concat(y, x));
        vm.prank(maker);
        batchId = devices.publishBatch(MAKER, root, count, "ipfs://batch");
        a.batchId = batchId;
        b.batchId = batchId;
    }

    function proofOf(IDeviceRegistry.Registration memory other) internal pure returns (bytes32[] memory proof) {
        proof = new bytes32[](1);
        proof[0] = leafOf(other);
    }

    function submitInBatch(
        IDeviceRegistry.Registration memory r,
        uint256 key,
        bytes memory approval,
        bytes32[] memory proof,
        bytes memory reason
    ) internal {
        bytes memory device = signAs(r.keyType, key, devices.registrationDigest(r));
        if (reason.length > 0) vm.expectRevert(reason);
        devices.register(r, device, approval, proof);
    }

    function test_Devices_of_a_batch_need_no_approval_one_by_one() public {
        IDeviceRegistry.Registration memory a = registration(K1, 11);
        IDeviceRegistry.Registration memory b = registration(R1, 12);
        uint64 batchId = publish(a, b, 2);
        submitInBatch(a, 11, "", proofOf(b), "");
        submitInBatch(b, 12, "", proofOf(a), "");
        assertEq(devices.batch(batchId).registered, 2);
        assertEq(devices.deviceCount(), 2);
    }

    function test_guard_An_Ed25519_device_of_a_batch_still_needs_its_makers_word() public {
        IDeviceRegistry.Registration memory a = registration(ED, 11);
        IDeviceRegistry.Registration memory b = registration(ED, 12);
        publish(a, b, 2);
        submitInBatch(a, 11, "", proofOf(b), abi.encodeWithSelector(IDeviceRegistry.BadMakerSignature.selector));
        submitInBatch(a, 11, makerSign(devices.registrationDigest(a)), proofOf(b), "");
    }

    function test_guard_Only_devices_of_the_batch_are_registered_by_it() public {
        IDeviceRegistry.Registration memory a = registration(K1, 11);
        IDeviceRegistry.Registration memory b = registration(K1, 12);
        uint64 batchId = publish(a, b, 2);
        IDeviceRegistry.Registration memory c = registration(K1, 13);
        c.batchId = batchId;
        submitInBatch(
            c, 13, "", proofOf(b), abi.encodeWithSelector(IDeviceRegistry.NotInBatch.selector, batchId, idOf(c))
        );
    }

    function test_guard_A_batch_names_the_model() public {
        vm.prank(maker);
        uint32 other = devices.addModel(MAKER, 4, 0, 0, 0);
        IDeviceRegistry.Registration memory a = registration(K1, 11);
        IDeviceRegistry.Registration memory b = registration(K1, 12);
        uint64 batchId = publish(a, b, 2);
        a.modelId = other;
        submitInBatch(
            a, 11, "", proofOf(b), abi.encodeWithSelector(IDeviceRegistry.NotInBatch.selector, batchId, idOf(a))
        );
    }

    function test_guard_A_batch_holds_no_more_than_its_count() public {
        IDeviceRegistry.Registration memory a = registration(K1, 11);
        IDeviceRegistry.Registration memory b = registration(K1, 12);
        uint64 batchId = publish(a, b, 1);
        submitInBatch(a, 11, "", proofOf(b), "");
        submitInBatch(
            b, 12, "", proofOf(a), abi.encodeWithSelector(IDeviceRegistry.BatchExhausted.selector, batchId, 1)
        );
    }

    function test_guard_A_revoked_batch_registers_nothing_more() public {
        IDeviceRegistry.Registration memory a = registration(K1, 11);
        IDeviceRegistry.Registration memory b = registration(K1, 12);
        uint64 batchId = publish(a, b, 2);
        submitInBatch(a, 11, "", proofOf(b), "");
        vm.prank(maker);
        devices.revokeBatch(batchId);
        bytes memory reason = abi.encodeWithSelector(IDeviceRegistry.BatchClosed.selector, batchId);
        submitInBatch(b, 12, "", proofOf(a), reason);
        assertEq(uint8(devices.device(1).status), uint8(IDeviceRegistry.Status.Active));
        vm.prank(maker);
        vm.expectRevert(reason);
        devices.revokeBatch(batchId);
    }

    function test_guard_A_batch_is_revoked_by_its_maker_or_the_owner() public {
        IDeviceRegistry.Registration memory a = registration(K1, 11);
        uint64 one = publish(a, registration(K1, 12), 2);
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.NotMaker.selector, address(this)));
        devices.revokeBatch(one);
        vm.prank(admin);
        devices.revokeBatch(one);
        assertTrue(devices.batch(one).revoked);
    }

    function test_guard_The_batch_exists_and_is_the_makers() public {
        IDeviceRegistry.Registration memory a = registration(K1, 11);
        a.batchId = 1;
        submitInBatch(a, 11, "", proofOf(a), abi.encodeWithSelector(IDeviceRegistry.UnknownBatch.selector, 1));
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.UnknownBatch.selector, 0));
        devices.batch(0);
        vm.prank(admin);
        devices.setMaker(8, address(this), 9, true);
        bytes32 root = leafOf(a);
        a.batchId = devices.publishBatch(8, root, 1, "");
        submitInBatch(a, 11, "", new bytes32[](0), abi.encodeWithSelector(IDeviceRegistry.UnknownBatch.selector, 1));
    }
}
