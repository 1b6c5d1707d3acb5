// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Registry} from "../Registry.sol";
import {Resolver} from "../Resolver.sol";
import {Base} from "./Base.sol";

interface IAddr {
    function addr(bytes32 node) external view returns (address payable);
}

interface IAddrOf {
    function addr(bytes32 node, uint256 coinType) external view returns (bytes memory);
    function setAddr(bytes32 node, uint256 coinType, bytes calldata value) external;
}

contract ResolverTest is Base {
    bytes32 private immutable ROOT = keccak256(abi.encodePacked(bytes32(0), keccak256("freehold")));
    bytes32 private constant SECRET = keccak256("secret");

    address private immutable alice = address(0xA11CE);
    address private immutable bob = address(0xB0B);
    Registry private registry;
    Resolver private resolver;
    bytes32 private node;

    function setUp() public {
        vm.warp(1_700_000_000);
        registry = new Registry(ROOT, IERC20(address(0)), 0);
        resolver = new Resolver(registry);
        node = register("weather", alice);
    }

    function register(string memory label, address owner) private returns (bytes32) {
        registry.commit(registry.makeCommitment(label, owner, address(resolver), SECRET));
        later(1 minutes);
        return registry.register(label, owner, address(resolver), SECRET);
    }

    function test_addresses() public {
        equal(resolver.addr(node), address(0));
        vm.startPrank(alice);
        vm.expectEmit(address(resolver));
        emit Resolver.AddressChanged(node, 60, abi.encodePacked(bob));
        vm.expectEmit(address(resolver));
        emit Resolver.AddrChanged(node, bob);
        resolver.setAddr(node, bob);
        vm.snapshotGasLastCall("Resolver", "setAddr");
        uint256 base = resolver.COIN_TYPE_EVM() + 8453;
        vm.expectEmit(address(resolver));
        emit Resolver.AddressChanged(node, base, abi.encodePacked(alice));
        resolver.setAddr(node, base, abi.encodePacked(alice));
        resolver.setAddr(node, 0, hex"0014aabb");
        vm.stopPrank();
        equal(resolver.addr(node), bob);
        equal(resolver.addr(node, 60), abi.encodePacked(bob));
        equal(resolver.addr(node, base), abi.encodePacked(alice));
        equal(resolver.addr(node, 0), hex"0014aabb");
        vm.prank(alice);
        resolver.setAddr(node, 60, "");
        equal(resolver.addr(node), address(0));
    }

    function test_anAddressOnAnEvmChainHas20Bytes() public {
        uint256[3] memory types = [uint256(60), 0x80000000, 0xFFFFFFFF];
        vm.startPrank(alice);
        for (uint256 i; i < types.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Resolver.InvalidAddress.selector, types[i], hex"aabb"));
            resolver.setAddr(node, types[i], hex"aabb");
        }
        resolver.setAddr(node, 0x100000000, hex"aabb");
        vm.stopPrank();
    }

    function test_texts() public {
        vm.prank(alice);
        vm.expectEmit(address(resolver));
        emit Resolver.TextChanged(node, "url", "url", "https://weather.example");
        resolver.setText(node, "url", "https://weather.example");
        vm.snapshotGasLastCall("Resolver", "setText");
        equal(bytes(resolver.text(node, "url")), "https://weather.example");
        equal(bytes(resolver.text(node, "region")), "");
    }

    function test_contenthash() public {
        vm.prank(alice);
        vm.expectEmit(address(resolver));
        emit Resolver.ContenthashChanged(node, hex"e3010170");
        resolver.setContenthash(node, hex"e3010170");
        equal(resolver.contenthash(node), hex"e3010170");
    }

    function test_encryptionKeys() public {
        vm.startPrank(alice);
        vm.expectEmit(address(resolver));
        emit Resolver.EncryptionKeyChanged(node, 0x20, hex"01", hex"02");
        resolver.setEncryptionKey(node, 0x20, hex"01", hex"02");
        resolver.setEncryptionKey(node, 0x01, hex"03", "");
        vm.stopPrank();
        (bytes memory key, bytes memory proof) = resolver.encryptionKey(node, 0x20);
        equal(key, hex"01");
        equal(proof, hex"02");
        (key, proof) = resolver.encryptionKey(node, 0x01);
        equal(key, hex"03");
        vm.prank(alice);
        resolver.setEncryptionKey(node, 0x01, "", "");
        (key,) = resolver.encryptionKey(node, 0x01);
        equal(key, "");
    }

    function test_onlyTheOwnerWrites() public {
        bytes memory refusal = abi.encodeWithSelector(Resolver.NotOwner.selector, node);
        vm.startPrank(bob);
        vm.expectRevert(refusal);
        resolver.setAddr(node, bob);
        vm.expectRevert(refusal);
        resolver.setAddr(node, 60, abi.encodePacked(bob));
        vm.expectRevert(refusal);
        resolver.setText(node, "url", "x");
        vm.expectRevert(refusal);
        resolver.setContenthash(node, "x");
        vm.expectRevert(refusal);
        resolver.setEncryptionKey(node, 1, "x", "");
        vm.expectRevert(refusal);
        resolver.clearRecords(node);
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeCall(Resolver.setText, (node, "url", "x"));
        vm.expectRevert(refusal);
        resolver.multicall(calls);
        vm.stopPrank();
    }

    function write() private {
        bytes[] memory calls = new bytes[](3);
        calls[0] = abi.encodeCall(IAddrOf.setAddr, (node, 60, abi.encodePacked(alice)));
        calls[1] = abi.encodeCall(Resolver.setText, (node, "url", "https://weather.example"));
        calls[2] = abi.encodeCall(Resolver.setEncryptionKey, (node, 0x20, hex"01", hex"02"));
        vm.prank(alice);
        equal(resolver.multicall(calls).length, 3);
        vm.snapshotGasLastCall("Resolver", "multicall of 3 records");
        equal(resolver.addr(node), alice);
    }

    function empty() private view {
        equal(resolver.addr(node), address(0));
        equal(bytes(resolver.text(node, "url")), "");
        (bytes memory key,) = resolver.encryptionKey(node, 0x20);
        equal(key, "");
    }

    function test_clearedRecordsAreGone() public {
        write();
        vm.prank(alice);
        vm.expectEmit(address(resolver));
        emit Resolver.VersionChanged(node, 1);
        resolver.clearRecords(node);
        equal(resolver.recordVersions(node), 1);
        empty();
    }

    /// Whoever gets a name that another gave up must not inherit where its money and secrets went.
    function test_aNewRegistrationBeginsWithNoRecords() public {
        write();
        vm.prank(alice);
        registry.unregister(node);
        later(7 days);
        registry.release(node);
        empty();
        equal(uint256(register("weather", bob)), uint256(node));
        empty();
    }

    function test_recordsStayWhenANameIsHandedOver() public {
        write();
        vm.prank(alice);
        registry.setOwner(node, bob);
        equal(resolver.addr(node), alice);
        vm.prank(bob);
        resolver.clearRecords(node);
        empty();
    }

    bytes private constant NAME = "\x07weather\x08freehold\x00";

    function test_resolve() public {
        write();
        equal(uint256(resolver.namehash(NAME, 0)), uint256(node));
        equal(resolver.resolve(NAME, abi.encodeCall(IAddr.addr, (node))), abi.encode(alice));
        equal(
            resolver.resolve(NAME, abi.encodeCall(Resolver.text, (node, "url"))),
            abi.encode("https://weather.example")
        );
        equal(
            resolver.resolve(NAME, abi.encodeCall(IAddrOf.addr, (node, 60))), abi.encode(abi.encodePacked(alice))
        );
    }

    /// A name asked about must be the one in the call, and names below a name are not the name.
    function test_resolveRefusesAnotherName() public {
        write();
        bytes memory data = abi.encodeCall(IAddr.addr, (node));
        bytes[8] memory names = [
            bytes("\x07another\x08freehold\x00"),
            "\x01x\x07weather\x08freehold\x00",
            "\x08freehold\x00",
            "\x07weather\x08freehold",
            "\x07weather\x08freehold\x00\x00",
            "\x07weather\x3ffreehold\x00",
            "",
            "\x00"
        ];
        for (uint256 i; i < names.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Resolver.InvalidName.selector, names[i]));
            resolver.resolve(names[i], data);
        }
        vm.expectRevert(abi.encodeWithSelector(Resolver.InvalidName.selector, NAME));
        resolver.resolve(NAME, hex"3b3b57de");
    }

    function test_resolveWritesNothing() public {
        vm.prank(alice);
        vm.expectRevert();
        resolver.resolve(NAME, abi.encodeCall(Resolver.setText, (node, "url", "x")));
    }

    function test_supportsInterface() public view {
        bytes4[8] memory known = [
            bytes4(0x01ffc9a7),
            0x3b3b57de,
            0xf1cb7e06,
            0x59d1d43c,
            0xbc1c58d1,
            0xd700ff33,
            0x9061b923,
            Resolver.encryptionKey.selector
        ];
        for (uint256 i; i < known.length; ++i) {
            check(resolver.supportsInterface(known[i]), "supported");
        }
        check(!resolver.supportsInterface(0xffffffff), "not supported");
        check(IAddr.addr.selector == 0x3b3b57de && IAddrOf.addr.selector == 0xf1cb7e06, "ids");
        check(Resolver.text.selector == 0x59d1d43c && Resolver.contenthash.selector == 0xbc1c58d1, "ids");
        check(Resolver.resolve.selector == 0x9061b923 && resolver.recordVersions.selector == 0xd700ff33, "ids");
    }
}
