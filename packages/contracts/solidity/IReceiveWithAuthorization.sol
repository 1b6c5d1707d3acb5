// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title What is used of EIP-3009 here
interface IReceiveWithAuthorization {
    /// @notice Moves `value` from the signer to the caller, who must be `to`. Nobody else can use the authorization.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;
}
