// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title Whether a key was derived for an application of a dstack key management service
/// @notice A dstack guest gets keys with a chain of two signatures: the root key of the service vouches for the key of the
/// application, and that for the derived key and its purpose. Both are secp256k1, so both can be checked here.
///
/// What it shows: the root key (which the caller must have reason to trust) issued an application key for this application
/// id, and the application's key signed this derived key for this purpose. What it does not show: which code ran. Whoever
/// governs the application can admit new code, and that code derives the same keys.
library DstackChain {
    /// @notice A public key is not a point of secp256k1 in 64 bytes.
    error InvalidPublicKey();
    /// @notice The root key did not sign the application's key.
    error NotIssuedByRoot();
    /// @notice The application's key did not sign the derived key for this purpose.
    error NotIssuedByApplication();

    uint256 private constant FIELD = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;

    /// @notice What a chain is about.
    /// @param appId 20 bytes: the application, or the address of its DstackApp contract.
    /// @param appKey Application's public key: x and y, 64 bytes.
    /// @param key Derived public key: x and y, 64 bytes.
    /// @param purpose As it was asked for. The path of the derivation is not signed, so the purpose must tell whose key it is.
    /// @param keySignature By the application's key: r, s and recovery id (0 or 1), 65 bytes.
    /// @param appSignature By the root key: r, s and recovery id (0 or 1), 65 bytes.
    struct Chain {
        bytes20 appId;
        bytes appKey;
        bytes key;
        string purpose;
        bytes keySignature;
        bytes appSignature;
    }

    /// @notice Reverts unless both signatures hold.
    /// @param root Address of the root key.
    /// @return Address of the derived key.
    function verify(address root, Chain calldata chain) internal pure returns (address) {
        bytes32 appDigest = keccak256(abi.encodePacked("dstack-kms-issued:", chain.appId, _compressed(chain.appKey)));
        if (!_isSignedBy(root, appDigest, chain.appSignature)) revert NotIssuedByRoot();
        bytes32 keyDigest = keccak256(abi.encodePacked(chain.purpose, ":", _hex(_compressed(chain.key))));
        if (!_isSignedBy(addressOf(chain.appKey), keyDigest, chain.keySignature)) revert NotIssuedByApplication();
        return addressOf(chain.key);
    }

    /// @notice The address of a public key given as x and y.
    function addressOf(bytes calldata key) internal pure returns (address) {
        return address(uint160(uint256(keccak256(key))));
    }

    /// Also checks that the point is on the curve: otherwise another y of the same sign would give another address.
    function _compressed(bytes calldata key) private pure returns (bytes memory) {
        if (key.length != 64) revert InvalidPublicKey();
        (uint256 x, uint256 y) = (uint256(bytes32(key[:32])), uint256(bytes32(key[32:])));
        if (x >= FIELD || y >= FIELD || mulmod(y, y, FIELD) != addmod(mulmod(mulmod(x, x, FIELD), x, FIELD), 7, FIELD)) {
            revert InvalidPublicKey();
        }
        return abi.encodePacked(y & 1 == 0 ? bytes1(0x02) : bytes1(0x03), x);
    }

    function _isSignedBy(address signer, bytes32 digest, bytes calldata signature) private pure returns (bool) {
        if (signature.length != 65) return false;
        uint8 v = uint8(signature[64]);
        if (v < 2) v += 27;
        (address recovered, ECDSA.RecoverError failure,) =
            ECDSA.tryRecover(digest, v, bytes32(signature[:32]), bytes32(signature[32:64]));
        return failure == ECDSA.RecoverError.NoError && recovered == signer;
    }

    function _hex(bytes memory value) private pure returns (bytes memory text) {
        bytes16 digits = "0123456789abcdef";
        text = new bytes(value.length * 2);
        for (uint256 i; i < value.length; ++i) {
            text[2 * i] = digits[uint8(value[i]) >> 4];
            text[2 * i + 1] = digits[uint8(value[i]) & 15];
        }
    }
}

/// @title The library, callable from anywhere
contract DstackVerifier {
    /// @notice Reverts unless the chain holds; answers with the address of the derived key.
    /// @param root Address of the root key of the service: from `kmsInfo().k256Pubkey` of its DstackKms contract.
    function verify(address root, DstackChain.Chain calldata chain) external pure returns (address) {
        return DstackChain.verify(root, chain);
    }
}
