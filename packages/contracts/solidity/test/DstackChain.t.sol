// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {DstackChain, DstackVerifier} from "../DstackChain.sol";
import {Base} from "./Base.sol";

/// A chain made with the keys of a dstack stand-in. (Chains made in TypeScript are verified in src/dstack-chain.test.ts.)
contract DstackChainTest is Base {
    DstackVerifier private immutable verifier = new DstackVerifier();
    address private immutable root = address(
        uint160(
            uint256(
                keccak256(
                    hex"77fe36b25cfe0791925af3b0e96181134c7064ef79d49b8e872c79613db70c48196629f3613d1ac10e73b0650a28bb61074b0b26ae5dfe4775b1a25227e1cfd8"
                )
            )
        )
    );

    function made() private pure returns (DstackChain.Chain memory) {
        return DstackChain.Chain({
            appId: bytes20(hex"a172cedcae47474b615c54d510a5d84a8dea3032"),
            appKey: hex"3d977bad50663e2e7fbcd4e1634e9b57cef7d22656cd9313d4b6ce5b63b3e2851cf7b6d6a3894e53f502602f340dfb41e2ad71a4072260e53643dffb81d96264",
            key: hex"d9641cb38bf36344829c914d5e41c04aceea8ab02451a2324bc3000bb0bd50e7f84902f95408abaf9451bd0385de84faa0ec4451bc733281a4fc0c0e68679893",
            purpose: "os/provider/v1",
            keySignature: hex"ea9a0a761bee6efdf1914386509db35e0c8264932f8a957b3815f4ac6c732eb926382691805670defe83986aa11391d424be504e0ed3453d83a97b90655496d200",
            appSignature: hex"997cf6e63fb4162ac28cce178e1a9723884c7abfefc1817f7386c35df7e9ea7b55f7750e990b8fb5aa4f68d6ab72bef121ba1cb8322ed60187288ae5c85f9eb500"
        });
    }

    function test_aChain() public {
        DstackChain.Chain memory chain = made();
        equal(verifier.verify(root, chain), address(uint160(uint256(keccak256(chain.key)))));
        vm.snapshotGasLastCall("DstackVerifier", "verify");
    }

    /// With 27 and 28 in place of the recovery id, as Ethereum writes it.
    function test_recoveryIdsOfEthereum() public view {
        DstackChain.Chain memory chain = made();
        chain.keySignature[64] = 0x1b;
        chain.appSignature[64] = 0x1b;
        verifier.verify(root, chain);
    }

    function test_brokenChains() public {
        DstackChain.Chain memory chain = made();
        vm.expectRevert(DstackChain.NotIssuedByRoot.selector);
        verifier.verify(address(1), chain);
        chain.appId = bytes20(uint160(1));
        vm.expectRevert(DstackChain.NotIssuedByRoot.selector);
        verifier.verify(root, chain);
        chain = made();
        chain.purpose = "os/provider/v2";
        vm.expectRevert(DstackChain.NotIssuedByApplication.selector);
        verifier.verify(root, chain);
        chain = made();
        chain.key = chain.appKey;
        vm.expectRevert(DstackChain.NotIssuedByApplication.selector);
        verifier.verify(root, chain);
        chain = made();
        chain.appSignature = chain.keySignature;
        vm.expectRevert(DstackChain.NotIssuedByRoot.selector);
        verifier.verify(root, chain);
        chain = made();
        chain.keySignature[64] = 0xff;
        vm.expectRevert(DstackChain.NotIssuedByApplication.selector);
        verifier.verify(root, chain);
        chain = made();
        chain.keySignature = hex"00";
        vm.expectRevert(DstackChain.NotIssuedByApplication.selector);
        verifier.verify(root, chain);
    }

    /// Another y of the same sign would be compressed to the same key and give another address.
    function test_pointsOffTheCurve() public {
        DstackChain.Chain memory chain = made();
        chain.key[62] ^= 0x01;
        vm.expectRevert(DstackChain.InvalidPublicKey.selector);
        verifier.verify(root, chain);
        chain.key = new bytes(63);
        vm.expectRevert(DstackChain.InvalidPublicKey.selector);
        verifier.verify(root, chain);
        bytes32 tooBig = bytes32(type(uint256).max);
        chain.key = abi.encodePacked(tooBig, bytes32(uint256(1)));
        vm.expectRevert(DstackChain.InvalidPublicKey.selector);
        verifier.verify(root, chain);
        chain.key = abi.encodePacked(bytes32(uint256(1)), tooBig);
        vm.expectRevert(DstackChain.InvalidPublicKey.selector);
        verifier.verify(root, chain);
    }
}
