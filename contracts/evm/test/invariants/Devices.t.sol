// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";
import {IDeviceRegistry} from "../../src/interfaces/IDeviceRegistry.sol";
import {DeviceFixture} from "../support/DeviceFixture.sol";

/// @notice Makers, owners and the registry's owner, in any order. Every call is one that must succeed.
contract DeviceHandler is DeviceFixture {
    uint256 internal constant MAX_DEVICES = 20;
    uint256 internal nextKey = 1000;
    uint256 internal clock;
    bytes32[] internal used;
    mapping(uint256 tokenId => uint256) internal readyAt;
    mapping(uint256 tokenId => bool) internal retired;
    uint256 public registered;

    modifier timed() {
        vm.warp(clock);
        _;
        clock = block.timestamp;
    }

    function setUp() public override {
        super.setUp();
        clock = block.timestamp;
        vm.prank(admin);
        devices.setMaker(MAKER, maker, uint32(MAX_DEVICES), true);
    }

    function wait(uint32 time) external timed {
        vm.warp(block.timestamp + (time % 30 hours));
    }

    function register(uint8 kind, uint8 who) external timed {
        if (registered == MAX_DEVICES) return;
        IDeviceRegistry.Registration memory r = registration(IDeviceRegistry.KeyType(1 + (kind % 3)), ++nextKey);
        r.owner = provider(who % 6);
        used.push(idOf(r));
        assertEq(submit(r, nextKey), ++registered);
    }

    function transfer(uint8 which, uint8 to) external timed {
        (uint256 id, address holder, IDeviceRegistry.Status status) = pick(which);
        if (id == 0 || status == IDeviceRegistry.Status.Suspended) return;
        vm.prank(holder);
        devices.transferFrom(holder, provider(to % 6), id);
        readyAt[id] = 0;
    }

    function suspend(uint8 which) external timed {
        (uint256 id,, IDeviceRegistry.Status status) = pick(which);
        if (id == 0 || status != IDeviceRegistry.Status.Active) return;
        vm.prank(admin);
        devices.suspend(id);
    }

    function reinstate(uint8 which) external timed {
        (uint256 id,, IDeviceRegistry.Status status) = pick(which);
        if (id == 0 || status != IDeviceRegistry.Status.Suspended) return;
        vm.prank(admin);
        devices.reinstate(id);
    }

    function retire(uint8 which, uint8 sure) external timed {
        (uint256 id, address holder, IDeviceRegistry.Status status) = pick(which);
        if (id == 0 || status != IDeviceRegistry.Status.Active || sure % 4 != 0) return;
        vm.prank(holder);
        devices.retire(id);
        retired[id] = true;
        readyAt[id] = 0;
    }

    function scheduleKey(uint8 which, uint8 kind) external timed {
        (uint256 id, address holder, IDeviceRegistry.Status status) = pick(which);
        if (id == 0 || status != IDeviceRegistry.Status.Active) return;
        IDeviceRegistry.Registration memory r = registration(IDeviceRegistry.KeyType(1 + (kind % 3)), ++nextKey);
        r.owner = holder;
        bytes32 digest = devices.rotationDigest(id, r);
        bytes memory device = signAs(r.keyType, nextKey, digest);
        bytes memory approval = makerSign(digest);
        vm.prank(holder);
        devices.scheduleKey(id, r, device, approval);
        used.push(idOf(r));
        readyAt[id] = block.timestamp + KEY_DELAY;
    }

    function applyKey(uint8 which) external timed {
        (uint256 id,, IDeviceRegistry.Status status) = pick(which);
        if (id == 0 || status != IDeviceRegistry.Status.Active || readyAt[id] == 0) return;
        if (block.timestamp < readyAt[id]) vm.warp(readyAt[id]);
        bytes32 next = devices.rotation(id).deviceId;
        devices.applyKey(id);
        assertEq(devices.device(id).deviceId, next);
        readyAt[id] = 0;
    }

    function cancelKey(uint8 which) external timed {
        (uint256 id, address holder,) = pick(which);
        if (id == 0 || readyAt[id] == 0) return;
        vm.prank(holder);
        devices.cancelKey(id);
        readyAt[id] = 0;
    }

    function pick(uint8 which) internal view returns (uint256 id, address holder, IDeviceRegistry.Status status) {
        if (registered == 0) return (0, address(0), IDeviceRegistry.Status.None);
        id = 1 + (which % registered);
        return (id, devices.ownerOf(id), devices.device(id).status);
    }

    function check() external view {
        assertEq(devices.deviceCount(), registered);
        assertEq(devices.maker(MAKER).issued, registered);
        assertLe(registered, devices.maker(MAKER).quota);
        uint256 current = 0;
        for (uint256 i = 0; i < used.length; ++i) {
            assertTrue(devices.isKeyUsed(used[i]));
            assertEq(devices.nonces(used[i]), 1);
            if (devices.tokenOf(used[i]) != 0) ++current;
        }
        assertEq(current, registered);
        for (uint256 id = 1; id <= registered; ++id) {
            IDeviceRegistry.Device memory d = devices.device(id);
            assertEq(devices.tokenOf(d.deviceId), id);
            assertEq(devices.rotation(id).readyAt, readyAt[id]);
            assertEq(retired[id], d.status == IDeviceRegistry.Status.Retired);
            assertTrue(payouts.isRegistered(devices.ownerOf(id)));
        }
        for (uint32 i = 0; i < payouts.count(); ++i) {
            assertEq(payouts.indexOf(payouts.accountAt(i)), i);
        }
    }
}

contract DeviceInvariants is Test {
    DeviceHandler internal handler;

    function setUp() public {
        handler = new DeviceHandler();
        handler.setUp();
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = DeviceHandler.wait.selector;
        selectors[1] = DeviceHandler.register.selector;
        selectors[2] = DeviceHandler.transfer.selector;
        selectors[3] = DeviceHandler.suspend.selector;
        selectors[4] = DeviceHandler.reinstate.selector;
        selectors[5] = DeviceHandler.retire.selector;
        selectors[6] = DeviceHandler.scheduleKey.selector;
        selectors[7] = DeviceHandler.applyKey.selector;
        selectors[8] = DeviceHandler.cancelKey.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
        targetContract(address(handler));
    }

    function invariant_Keys_are_used_for_ever_and_name_one_device() public view {
        handler.check();
    }
}
