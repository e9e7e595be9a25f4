// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";
import {IProviderStaking} from "../../src/interfaces/IProviderStaking.sol";
import {Fixture} from "../support/Fixture.sol";

/// @notice Two providers, two delegators and a slasher, in any order. Every call is one that must succeed.
contract StakingHandler is Fixture {
    uint128 internal constant POOL_CAP = 10_000_000e18;
    uint64 internal constant THAW = 21 days;

    struct Open {
        uint256 provider;
        uint256 staker;
        uint256 id;
    }

    address[4] internal stakers = [makeAddr("p0"), makeAddr("p1"), makeAddr("d0"), makeAddr("d1")];
    Open[] internal thaws;
    uint256 internal clock;
    uint256 public deposited;
    uint256 public withdrawn;
    uint256 public burned;
    uint256 public donated;
    mapping(uint256 provider => mapping(uint256 staker => uint256)) internal putIn;
    mapping(uint256 provider => mapping(uint256 staker => uint256)) internal tookOut;

    modifier timed() {
        vm.warp(clock);
        _;
        clock = block.timestamp;
    }

    function setUp() public override {
        super.setUp();
        clock = block.timestamp;
        for (uint256 i = 0; i < 4; ++i) {
            fund(stakers[i], 100_000_000e18);
            vm.prank(stakers[i]);
            token.approve(address(staking), type(uint256).max);
        }
    }

    function wait(uint32 time) external timed {
        vm.warp(block.timestamp + (time % 10 days));
    }

    function deposit(uint8 provider, uint8 staker, uint128 amount) external timed {
        (uint256 p, uint256 s) = who(provider, staker);
        IProviderStaking.Pool memory pool = staking.pool(stakers[p]);
        uint256 room = POOL_CAP - pool.tokens - pool.thawingTokens;
        if (room < 1e18) return;
        amount = uint128(bound(amount, 1e18, room));
        vm.prank(stakers[s]);
        try staking.deposit(stakers[p], amount, 0) {
            deposited += amount;
            putIn[p][s] += amount;
        } catch (bytes memory reason) {
            // The only thing that may stand in the way, and only in a delegator's.
            assertEq(bytes4(reason), IProviderStaking.RatioExceeded.selector);
            assertNotEq(p, s);
        }
    }

    function thaw(uint8 provider, uint8 staker, uint128 shares) external timed {
        (uint256 p, uint256 s) = who(provider, staker);
        uint128 have = staking.sharesOf(stakers[p], stakers[s]);
        uint256 open = 0;
        for (uint256 i = 0; i < thaws.length; ++i) {
            if (thaws[i].provider == p && thaws[i].staker == s) ++open;
        }
        if (have == 0 || open == 10) return;
        shares = uint128(bound(shares, 1, have));
        vm.prank(stakers[s]);
        thaws.push(Open(p, s, staking.requestThaw(stakers[p], shares, 0)));
    }

    function withdraw(uint8 which) external timed {
        if (thaws.length == 0) return;
        close(which % thaws.length);
    }

    function cancel(uint8 which) external timed {
        if (thaws.length == 0) return;
        Open memory t = thaws[which % thaws.length];
        vm.prank(stakers[t.staker]);
        try staking.cancelThaw(stakers[t.provider], t.id, 0) {
            drop(which % thaws.length);
        } catch (bytes memory reason) {
            assertTrue(
                bytes4(reason) == IProviderStaking.RatioExceeded.selector
                    || bytes4(reason) == IProviderStaking.ZeroAmount.selector
            );
        }
    }

    function slash(uint8 provider, uint32 ppm, bool whole) external timed {
        uint256 p = provider % 2;
        if (whole && ppm % 4 != 0) return;
        IProviderStaking.Pool memory before = staking.pool(stakers[p]);
        vm.prank(slasher);
        uint128 ash = staking.slash(stakers[p], whole ? 1_000_000 : ppm % 1_000_000, "why");
        burned += ash;
        IProviderStaking.Pool memory now_ = staking.pool(stakers[p]);
        assertEq(now_.tokens + now_.thawingTokens + ash, before.tokens + before.thawingTokens);
        assertEq(now_.generation, before.generation + (whole ? 1 : 0));
    }

    function donate(uint96 amount) external timed {
        uint256 gift = amount % 1e24;
        fund(address(staking), gift);
        donated += gift;
    }

    function who(uint8 provider, uint8 staker) internal pure returns (uint256 p, uint256 s) {
        p = provider % 2;
        s = staker % 3;
        // A provider in its own pool, or one of the delegators.
        s = s == 0 ? p : s + 1;
    }

    function close(uint256 at) internal {
        Open memory t = thaws[at];
        uint64 readyAt = staking.thaw(stakers[t.provider], stakers[t.staker], t.id).readyAt;
        if (block.timestamp < readyAt) vm.warp(readyAt);
        vm.prank(stakers[t.staker]);
        uint128 out = staking.withdraw(stakers[t.provider], t.id);
        withdrawn += out;
        tookOut[t.provider][t.staker] += out;
        drop(at);
    }

    function drop(uint256 at) internal {
        thaws[at] = thaws[thaws.length - 1];
        thaws.pop();
    }

    function checkTokens() external view {
        uint256 held = 0;
        for (uint256 p = 0; p < 2; ++p) {
            IProviderStaking.Pool memory pool = staking.pool(stakers[p]);
            held += pool.tokens + pool.thawingTokens;
            assertLe(pool.tokens + pool.thawingTokens, POOL_CAP);
        }
        assertEq(token.balanceOf(address(staking)), held + donated);
        assertEq(deposited, withdrawn + burned + held);
    }

    function checkShares() external view {
        for (uint256 p = 0; p < 2; ++p) {
            address provider_ = stakers[p];
            IProviderStaking.Pool memory pool = staking.pool(provider_);
            uint256 shares = 0;
            for (uint256 s = 0; s < 4; ++s) {
                shares += staking.sharesOf(provider_, stakers[s]);
                // Nobody ever takes out more than they put in: there is no income in these pools.
                assertLe(tookOut[p][s], putIn[p][s]);
            }
            assertEq(shares, pool.shares);
            assertEq(staking.sharesOf(provider_, provider_), pool.selfShares);
            uint256 thawing = 0;
            for (uint256 i = 0; i < thaws.length; ++i) {
                if (thaws[i].provider != p) continue;
                IProviderStaking.Thaw memory t = staking.thaw(provider_, stakers[thaws[i].staker], thaws[i].id);
                if (t.generation == pool.generation) thawing += t.shares;
            }
            assertEq(thawing, pool.thawingShares);
        }
    }

    /// @dev From wherever a run ends, everybody gets out, and what stays is dust.
    function exitAll() external timed {
        while (thaws.length > 0) close(thaws.length - 1);
        for (uint256 p = 0; p < 2; ++p) {
            for (uint256 s = 0; s < 4; ++s) {
                uint128 have = staking.sharesOf(stakers[p], stakers[s]);
                if (have == 0) continue;
                vm.prank(stakers[s]);
                thaws.push(Open(p, s, staking.requestThaw(stakers[p], have, 0)));
            }
        }
        while (thaws.length > 0) close(thaws.length - 1);
        for (uint256 p = 0; p < 2; ++p) {
            IProviderStaking.Pool memory pool = staking.pool(stakers[p]);
            assertEq(pool.shares + pool.thawingShares, 0);
            assertLe(pool.tokens + pool.thawingTokens, 1e6);
        }
    }
}

contract StakingInvariants is Test {
    StakingHandler internal handler;

    function setUp() public {
        handler = new StakingHandler();
        handler.setUp();
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = StakingHandler.wait.selector;
        selectors[1] = StakingHandler.deposit.selector;
        selectors[2] = StakingHandler.thaw.selector;
        selectors[3] = StakingHandler.withdraw.selector;
        selectors[4] = StakingHandler.cancel.selector;
        selectors[5] = StakingHandler.slash.selector;
        selectors[6] = StakingHandler.donate.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
        targetContract(address(handler));
    }

    function invariant_Every_token_is_accounted_for() public view {
        handler.checkTokens();
    }

    function invariant_Shares_add_up_and_nobody_profits() public view {
        handler.checkShares();
    }

    function afterInvariant() public {
        handler.exitAll();
    }
}
