// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title Many calls in one, for local chains
/// @notice The part of the well-known Multicall3 that x402 and viem use. Public chains have the original at
/// 0xcA11bde05977b3631167028862bE2a173976CA11; it is not deployed by Freehold.
contract Multicall3 {
    struct Call {
        address target;
        bytes callData;
    }

    struct Call3 {
        address target;
        bool allowFailure;
        bytes callData;
    }

    struct Result {
        bool success;
        bytes returnData;
    }

    error CallFailed(uint256 index);

    /// @notice Makes the calls in turn; with `requireSuccess`, all or nothing.
    function tryAggregate(bool requireSuccess, Call[] calldata calls) external payable returns (Result[] memory results) {
        results = new Result[](calls.length);
        for (uint256 i; i < calls.length; ++i) {
            results[i] = _call(i, calls[i].target, calls[i].callData, !requireSuccess);
        }
    }

    /// @notice Makes the calls in turn; each says whether it may fail.
    function aggregate3(Call3[] calldata calls) external payable returns (Result[] memory results) {
        results = new Result[](calls.length);
        for (uint256 i; i < calls.length; ++i) {
            results[i] = _call(i, calls[i].target, calls[i].callData, calls[i].allowFailure);
        }
    }

    function _call(uint256 index, address target, bytes calldata data, bool mayFail) private returns (Result memory result) {
        (result.success, result.returnData) = target.call(data);
        if (!result.success && !mayFail) revert CallFailed(index);
    }
}
