// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Registry} from "../Registry.sol";
import {TestUSDC} from "../TestUSDC.sol";
import {Base} from "./Base.sol";
import {BlacklistingToken, FeeToken, ReentrantToken} from "./Tokens.sol";

contract RegistryTest is Base {
    bytes32 private constant ROOT = keccak256("root");
    bytes32 private constant SECRET = keccak256("secret");
    uint128 private constant BOND = 5e6;

    address private immutable alice = address(0xA11CE);
    address private immutable bob = address(0xB0B);
    address private immutable resolver = address(0x4E50);
    TestUSDC private token;
    Registry private registry;

    function setUp() public {
        vm.warp(1_700_000_000);
        token = new TestUSDC();
        registry = new Registry(ROOT, IERC20(address(token)), BOND);
        token.mint(alice, 100e6);
        token.mint(bob, 100e6);
        vm.prank(alice);
        token.approve(address(registry), 100e6);
        vm.prank(bob);
        token.approve(address(registry), 100e6);
    }

    function announce(string memory label, address owner) private {
        registry.commit(registry.makeCommitment(label, owner, resolver, SECRET));
        later(1 minutes);
    }

    function register(string memory label, address owner) private returns (bytes32) {
        announce(label, owner);
        vm.prank(owner);
        return registry.register(label, owner, resolver, SECRET);
    }

    function test_register() public {
        announce("weather", alice);
        bytes32 node = registry.nodeOf("weather");
        equal(uint256(node), uint256(keccak256(abi.encodePacked(ROOT, keccak256("weather")))));
        vm.prank(alice);
        vm.expectEmit(address(registry));
        emit Registry.NewOwner(ROOT, keccak256("weather"), alice);
        vm.expectEmit(address(registry));
        emit Registry.NewResolver(node, resolver);
        vm.expectEmit(address(registry));
        emit Registry.NewTTL(node, 300);
        vm.expectEmit(address(registry));
        emit Registry.NameRegistered("weather", node, alice);
        equal(uint256(registry.register("weather", alice, resolver, SECRET)), uint256(node));
        vm.snapshotGasLastCall("Registry", "register");
        equal(registry.owner(node), alice);
        equal(registry.resolver(node), resolver);
        equal(registry.ttl(node), 300);
        check(registry.recordExists(node), "exists");
        equal(token.balanceOf(address(registry)), BOND);
        Registry.Record memory record = registry.recordOf(node);
        equal(record.bond, BOND);
        equal(record.releases, 0);
        equal(record.releasableAt, 0);
    }

    function test_anUnknownNameIsNobodys() public view {
        bytes32 node = registry.nodeOf("weather");
        check(!registry.recordExists(node), "exists");
        equal(registry.owner(node), address(0));
        equal(registry.resolver(node), address(0));
    }

    /// Whoever sees the registration cannot take the name before it: a commitment is needed that is a minute old.
    function test_frontRunning() public {
        announce("weather", alice);
        vm.startPrank(bob);
        vm.expectRevert(Registry.NoCommitment.selector);
        registry.register("weather", bob, resolver, SECRET);
        bytes32 own = registry.makeCommitment("weather", bob, resolver, SECRET);
        registry.commit(own);
        vm.expectRevert(abi.encodeWithSelector(Registry.CommitmentTooNew.selector, block.timestamp + 1 minutes));
        registry.register("weather", bob, resolver, SECRET);
        // Copied as it is, it registers the name for Alice, and Bob pays.
        registry.register("weather", alice, resolver, SECRET);
        later(1 minutes);
        vm.expectRevert(abi.encodeWithSelector(Registry.NameTaken.selector, registry.nodeOf("weather")));
        registry.register("weather", bob, resolver, SECRET);
        vm.stopPrank();
        equal(registry.owner(registry.nodeOf("weather")), alice);
        equal(token.balanceOf(alice), 100e6);
    }

    function test_commitmentsAge() public {
        bytes32 commitment = registry.makeCommitment("weather", alice, resolver, SECRET);
        vm.expectRevert(Registry.NoCommitment.selector);
        registry.register("weather", alice, resolver, SECRET);
        registry.commit(commitment);
        vm.expectRevert(Registry.CommitmentOpen.selector);
        registry.commit(commitment);
        later(1 days + 1);
        vm.prank(alice);
        vm.expectRevert(Registry.NoCommitment.selector);
        registry.register("weather", alice, resolver, SECRET);
        registry.commit(commitment);
        later(1 days);
        vm.startPrank(alice);
        registry.register("weather", alice, resolver, SECRET);
        vm.expectRevert(Registry.NoCommitment.selector);
        registry.register("weather", alice, resolver, SECRET);
        vm.stopPrank();
    }

    function test_registerRefuses() public {
        vm.expectRevert(abi.encodeWithSelector(Registry.InvalidLabel.selector, "Weather"));
        registry.register("Weather", alice, resolver, SECRET);
        vm.expectRevert(Registry.InvalidOwner.selector);
        registry.register("weather", address(0), resolver, SECRET);
    }

    function test_labels() public view {
        string[9] memory good = ["abc", "a1b", "123", "a-b", "a-b-c", "weather", "0x0", "x-1", "zzz-999"];
        for (uint256 i; i < good.length; ++i) {
            check(registry.isValid(good[i]), good[i]);
        }
        string[16] memory bad = [
            "",
            "a",
            "ab",
            "-ab",
            "ab-",
            "a--b",
            "xn--a",
            "Abc",
            "a.b",
            "a_b",
            "a b",
            unicode"wetter☀",
            unicode"аbc",
            "a`b",
            "a{b",
            "a:b"
        ];
        for (uint256 i; i < bad.length; ++i) {
            check(!registry.isValid(bad[i]), bad[i]);
        }
        check(registry.isValid(long(63)), "63");
        check(!registry.isValid(long(64)), "64");
    }

    function long(uint256 length) private pure returns (string memory) {
        bytes memory text = new bytes(length);
        for (uint256 i; i < length; ++i) {
            text[i] = "a";
        }
        return string(text);
    }

    /// The same rule said in another way.
    function testFuzz_labels(bytes calldata text) public view {
        bool isGood = text.length >= 3 && text.length <= 63 && text[0] != "-" && text[text.length - 1] != "-";
        for (uint256 i; i < text.length; ++i) {
            uint8 code = uint8(text[i]);
            bool isKnown = (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code == 45;
            bool isDouble = i != 0 && code == 45 && uint8(text[i - 1]) == 45;
            isGood = isGood && isKnown && !isDouble;
        }
        check(registry.isValid(string(text)) == isGood, string(text));
    }

    function test_releaseAndBond() public {
        bytes32 node = register("weather", alice);
        vm.startPrank(alice);
        vm.expectRevert(Registry.NothingRefundable.selector);
        registry.fetchBond(alice);
        vm.expectEmit(address(registry));
        emit Registry.Releasing(node, uint40(block.timestamp + 7 days));
        registry.unregister(node);
        vm.expectRevert(
            abi.encodeWithSelector(Registry.NotReleasable.selector, uint40(block.timestamp + 7 days))
        );
        registry.unregister(node);
        later(7 days - 1);
        vm.expectRevert(abi.encodeWithSelector(Registry.NotReleasable.selector, uint40(block.timestamp + 1)));
        registry.release(node);
        equal(registry.owner(node), alice);
        later(1);
        vm.stopPrank();
        vm.prank(bob);
        vm.expectEmit(address(registry));
        emit Registry.Transfer(node, address(0));
        registry.release(node);
        check(!registry.recordExists(node), "gone");
        equal(registry.refundable(alice), BOND);
        vm.prank(alice);
        vm.expectEmit(address(registry));
        emit Registry.BondReturned(alice, bob, BOND);
        registry.fetchBond(bob);
        equal(token.balanceOf(bob), 100e6 + BOND);
        equal(token.balanceOf(address(registry)), 0);
        register("weather", bob);
        equal(registry.owner(node), bob);
        equal(registry.recordOf(node).releases, 1);
        // Bob's bond is here now, and Alice has had hers.
        vm.prank(alice);
        vm.expectRevert(Registry.NothingRefundable.selector);
        registry.fetchBond(alice);
        equal(token.balanceOf(address(registry)), BOND);
    }

    function test_bondsOfSeveralNamesAddUp() public {
        bytes32[2] memory nodes = [register("weather", alice), register("climate", alice)];
        for (uint256 i; i < 2; ++i) {
            vm.prank(alice);
            registry.unregister(nodes[i]);
        }
        later(7 days);
        for (uint256 i; i < 2; ++i) {
            registry.release(nodes[i]);
        }
        equal(registry.refundable(alice), 2 * BOND);
    }

    function test_aNameThatIsKeptIsNotReleased() public {
        bytes32 node = register("weather", alice);
        vm.expectRevert(abi.encodeWithSelector(Registry.NotReleasable.selector, uint40(0)));
        registry.release(node);
        vm.startPrank(alice);
        registry.unregister(node);
        vm.expectEmit(address(registry));
        emit Registry.Releasing(node, 0);
        registry.keep(node);
        later(8 days);
        vm.expectRevert(abi.encodeWithSelector(Registry.NotReleasable.selector, uint40(0)));
        registry.release(node);
        vm.stopPrank();
    }

    /// A name is sold while the seller is giving it up: it stays with the buyer, and so does the bond.
    function test_handingOver() public {
        bytes32 node = register("weather", alice);
        vm.startPrank(alice);
        registry.unregister(node);
        vm.expectRevert(Registry.InvalidOwner.selector);
        registry.setOwner(node, address(0));
        vm.expectEmit(address(registry));
        emit Registry.Transfer(node, bob);
        registry.setOwner(node, bob);
        vm.expectRevert(abi.encodeWithSelector(Registry.NotOwner.selector, node));
        registry.setOwner(node, alice);
        vm.stopPrank();
        later(8 days);
        vm.expectRevert(abi.encodeWithSelector(Registry.NotReleasable.selector, uint40(0)));
        registry.release(node);
        vm.prank(bob);
        registry.unregister(node);
        later(7 days);
        registry.release(node);
        equal(registry.refundable(bob), BOND);
        equal(registry.refundable(alice), 0);
    }

    function test_onlyTheOwnerChanges() public {
        bytes32 node = register("weather", alice);
        bytes memory refusal = abi.encodeWithSelector(Registry.NotOwner.selector, node);
        vm.startPrank(bob);
        vm.expectRevert(refusal);
        registry.setResolver(node, bob);
        vm.expectRevert(refusal);
        registry.setTTL(node, 1);
        vm.expectRevert(refusal);
        registry.unregister(node);
        vm.expectRevert(refusal);
        registry.keep(node);
        vm.stopPrank();
        vm.startPrank(alice);
        vm.expectEmit(address(registry));
        emit Registry.NewResolver(node, bob);
        registry.setResolver(node, bob);
        vm.expectEmit(address(registry));
        emit Registry.NewTTL(node, 1);
        registry.setTTL(node, 1);
        vm.stopPrank();
        equal(registry.resolver(node), bob);
        equal(registry.ttl(node), 1);
    }

    function test_withoutABond() public {
        registry = new Registry(ROOT, IERC20(address(token)), 0);
        bytes32 node = register("weather", alice);
        equal(token.balanceOf(alice), 100e6);
        vm.prank(alice);
        registry.unregister(node);
        later(7 days);
        registry.release(node);
        equal(registry.refundable(alice), 0);
    }

    /// What comes back is what came in.
    function test_feeOnTransferToken() public {
        FeeToken bad = new FeeToken();
        registry = new Registry(ROOT, IERC20(address(bad)), 100);
        bad.mint(alice, 100);
        vm.prank(alice);
        bad.approve(address(registry), 100);
        bytes32 node = register("weather", alice);
        equal(registry.recordOf(node).bond, 99);
    }

    /// An owner whom the token refuses cannot keep its name from coming free.
    function test_blacklistingToken() public {
        BlacklistingToken bad = new BlacklistingToken();
        registry = new Registry(ROOT, IERC20(address(bad)), 100);
        bad.mint(alice, 100);
        vm.prank(alice);
        bad.approve(address(registry), 100);
        bytes32 node = register("weather", alice);
        vm.prank(alice);
        registry.unregister(node);
        bad.refuse(alice);
        later(7 days);
        registry.release(node);
        vm.startPrank(alice);
        vm.expectRevert(BlacklistingToken.Refused.selector);
        registry.fetchBond(alice);
        registry.fetchBond(bob);
        vm.stopPrank();
        equal(bad.balanceOf(bob), 100);
    }

    function test_reentrantToken() public {
        ReentrantToken bad = new ReentrantToken();
        registry = new Registry(ROOT, IERC20(address(bad)), 100);
        bad.mint(alice, 100);
        vm.prank(alice);
        bad.approve(address(registry), 100);
        bad.callBack(address(registry), abi.encodeCall(Registry.fetchBond, (alice)));
        bytes32 node = register("weather", alice);
        check(!bad.hasSucceeded(), "entered again");
        equal(bad.answer(), abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
        vm.prank(alice);
        registry.unregister(node);
        later(7 days);
        registry.release(node);
        bad.callBack(address(registry), abi.encodeCall(Registry.fetchBond, (alice)));
        vm.prank(alice);
        registry.fetchBond(alice);
        check(!bad.hasSucceeded(), "entered again");
        equal(bad.balanceOf(alice), 100);
    }
}
