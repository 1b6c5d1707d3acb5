// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Escrow} from "../Escrow.sol";
import {TestUSDC} from "../TestUSDC.sol";
import {Base} from "./Base.sol";

/// A payer with a thousand dollars in the escrow, a hundred of them reserved for a provider, at most one for a call.
abstract contract EscrowBase is Base {
    uint256 internal constant PAYER_KEY = 0xA11CE;
    uint256 internal constant SESSION_KEY = 0x5E55;
    uint256 internal constant DOLLAR = 1e6;

    address internal immutable payer = vm.addr(PAYER_KEY);
    address internal immutable session = vm.addr(SESSION_KEY);
    address internal immutable provider = address(0xBEEF);
    address internal immutable stranger = address(0x57A);
    TestUSDC internal token;
    Escrow internal escrow;

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        token = new TestUSDC();
        escrow = new Escrow(IERC20(address(token)));
        fund(payer, 1000 * DOLLAR);
        vm.prank(payer);
        escrow.approve(provider, uint128(DOLLAR), uint128(100 * DOLLAR), address(0));
    }

    function fund(address account, uint256 amount) internal {
        token.mint(account, amount);
        vm.startPrank(account);
        token.approve(address(escrow), amount);
        escrow.deposit(amount);
        vm.stopPrank();
    }

    function voucher(uint256 key, address payer_, uint32 epoch, uint128 cumulative)
        internal
        view
        returns (Escrow.Voucher memory)
    {
        bytes32 digest = escrow.voucherDigest(payer_, provider, epoch, cumulative);
        return Escrow.Voucher(payer_, epoch, cumulative, sign(key, digest));
    }

    function one(Escrow.Voucher memory entry) internal pure returns (Escrow.Voucher[] memory entries) {
        entries = new Escrow.Voucher[](1);
        entries[0] = entry;
    }

    function settle(uint128 cumulative) internal returns (uint256) {
        uint32 epoch = escrow.grant(payer, provider).epoch;
        return escrow.settle(provider, one(voucher(PAYER_KEY, payer, epoch, cumulative)));
    }

    /// What must hold after every test.
    function solvent() internal view {
        equal(token.balanceOf(address(escrow)), escrow.totalFree() + escrow.totalReserved());
    }
}
