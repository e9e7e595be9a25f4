// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";
import {IDeviceRegistry} from "../../src/interfaces/IDeviceRegistry.sol";
import {Fixture} from "./Fixture.sol";

/// @notice A maker with a model, and devices of every key type that sign like real ones.
abstract contract DeviceFixture is Fixture {
    uint256 internal constant P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551;
    uint32 internal constant MAKER = 7;
    uint32 internal constant QUOTA = 100;

    address internal maker;
    uint256 internal makerKey;
    address internal owner = makeAddr("device owner");
    uint32 internal modelId;

    function setUp() public virtual override {
        super.setUp();
        (maker, makerKey) = makeAddrAndKey("maker");
        vm.prank(admin);
        devices.setMaker(MAKER, maker, QUOTA, true);
        vm.prank(maker);
        modelId = devices.addModel(MAKER, 3, 5, 600, keccak256("model"));
    }

    function registration(IDeviceRegistry.KeyType keyType, uint256 key)
        internal
        returns (IDeviceRegistry.Registration memory r)
    {
        r.keyType = keyType;
        r.publicKey = publicKey(keyType, key);
        r.owner = owner;
        r.modelId = modelId;
        r.cell = 0x8a1fb46622dffff;
        r.metadata = keccak256("metadata");
        r.deadline = uint64(block.timestamp + 1 days);
    }

    function publicKey(IDeviceRegistry.KeyType keyType, uint256 key) internal returns (bytes memory) {
        if (keyType == IDeviceRegistry.KeyType.P256) {
            (uint256 x, uint256 y) = vm.publicKeyP256(key);
            return abi.encode(x, y);
        }
        if (keyType == IDeviceRegistry.KeyType.Secp256k1) {
            Vm.Wallet memory wallet = vm.createWallet(key);
            return abi.encode(wallet.publicKeyX, wallet.publicKeyY);
        }
        return abi.encode(keccak256(abi.encode("ed25519", key)));
    }

    function idOf(IDeviceRegistry.Registration memory r) internal pure returns (bytes32) {
        return keccak256(bytes.concat(bytes1(uint8(r.keyType)), r.publicKey));
    }

    function signAs(IDeviceRegistry.KeyType keyType, uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        if (keyType == IDeviceRegistry.KeyType.Ed25519) return "";
        if (keyType == IDeviceRegistry.KeyType.Secp256k1) return sign(key, digest);
        (bytes32 r, bytes32 s) = vm.signP256(key, digest);
        if (uint256(s) > P256_ORDER / 2) s = bytes32(P256_ORDER - uint256(s));
        return bytes.concat(r, s);
    }

    function makerSign(bytes32 digest) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(makerKey, digest);
        return abi.encodePacked(r, s, v);
    }

    function submit(IDeviceRegistry.Registration memory r, uint256 key) internal returns (uint256) {
        bytes32 digest = devices.registrationDigest(r);
        return devices.register(r, signAs(r.keyType, key, digest), makerSign(digest), new bytes32[](0));
    }

    /// @dev Registers `r` with everything in order but for what the test has broken, and expects `reason`.
    function refuse(IDeviceRegistry.Registration memory r, uint256 key, bytes memory reason) internal {
        bytes32 digest = devices.registrationDigest(r);
        bytes memory device = signAs(r.keyType, key, digest);
        bytes memory approval = makerSign(digest);
        vm.expectRevert(reason);
        devices.register(r, device, approval, new bytes32[](0));
    }

    function addDevice(uint256 key) internal returns (uint256) {
        return submit(registration(IDeviceRegistry.KeyType.Secp256k1, key), key);
    }
}
