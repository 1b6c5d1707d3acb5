// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// Tokens as they should not be.
contract MintableToken is ERC20("Token", "T") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// Keeps one per cent of every transfer.
contract FeeToken is MintableToken {
    function _update(address from, address to, uint256 amount) internal override {
        if (from != address(0) && to != address(0)) {
            super._update(from, address(this), amount / 100);
            amount -= amount / 100;
        }
        super._update(from, to, amount);
    }
}

/// Says false instead of reverting, and moves nothing.
contract FalseToken is MintableToken {
    function transfer(address, uint256) public pure override returns (bool) {
        return false;
    }

    function transferFrom(address, address, uint256) public pure override returns (bool) {
        return false;
    }
}

/// Says true, and moves nothing.
contract LyingToken is MintableToken {
    function transferFrom(address, address, uint256) public pure override returns (bool) {
        return true;
    }
}

/// Refuses an address.
contract BlacklistingToken is MintableToken {
    mapping(address => bool) public isRefused;

    error Refused();

    function refuse(address account) external {
        isRefused[account] = true;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (isRefused[from] || isRefused[to]) revert Refused();
        super._update(from, to, amount);
    }
}

/// Calls somebody in the middle of every transfer, as ERC-777 does, and keeps what came of it.
contract ReentrantToken is MintableToken {
    address public target;
    bytes public callData;
    bool public hasSucceeded;
    bytes public answer;

    function callBack(address target_, bytes calldata callData_) external {
        (target, callData) = (target_, callData_);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (target == address(0) || from == address(0)) return;
        address called = target;
        target = address(0);
        (hasSucceeded, answer) = called.call(callData);
    }
}
