// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Escrow} from "../Escrow.sol";
import {TestWallet} from "../TestUSDC.sol";
import {EscrowBase} from "./EscrowBase.sol";

contract EscrowTest is EscrowBase {
    uint128 private constant CAP = uint128(DOLLAR);
    uint128 private constant BUDGET = uint128(100 * DOLLAR);

    // -------------------------------------------------------------------------------------------------- money in and out

    function test_deposit() public {
        token.mint(stranger, 5);
        vm.startPrank(stranger);
        token.approve(address(escrow), 5);
        vm.expectEmit(address(escrow));
        emit Escrow.Deposited(stranger, stranger, 5);
        escrow.deposit(5);
        vm.snapshotGasLastCall("Escrow", "deposit");
        vm.stopPrank();
        equal(escrow.balanceOf(stranger), 5);
        solvent();
    }

    function test_depositOfNothingIsRefused() public {
        vm.prank(stranger);
        vm.expectRevert(Escrow.NothingDeposited.selector);
        escrow.deposit(0);
    }

    function test_depositFor() public {
        token.mint(stranger, 5);
        vm.startPrank(stranger);
        token.approve(address(escrow), 5);
        vm.expectEmit(address(escrow));
        emit Escrow.Deposited(provider, stranger, 5);
        escrow.depositFor(provider, 5);
        vm.expectRevert(abi.encodeWithSelector(Escrow.InvalidRecipient.selector, address(0)));
        escrow.depositFor(address(0), 5);
        vm.stopPrank();
        equal(escrow.balanceOf(provider), 5);
    }

    function test_depositWithPermit() public {
        token.mint(payer, 7);
        (uint8 v, bytes32 r, bytes32 s) = permit(7);
        vm.prank(payer);
        escrow.depositWithPermit(7, block.timestamp, v, r, s);
        equal(escrow.balanceOf(payer), 900 * DOLLAR + 7);
        solvent();
    }

    function permit(uint256 amount) private view returns (uint8, bytes32, bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(token.PERMIT_TYPEHASH(), payer, address(escrow), amount, token.nonces(payer), block.timestamp)
        );
        return vm.sign(PAYER_KEY, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash)));
    }

    function test_aPermitThatIsUsedAlreadyDoesNotStopItsDeposit() public {
        token.mint(payer, 7);
        (uint8 v, bytes32 r, bytes32 s) = permit(7);
        vm.prank(stranger);
        token.permit(payer, address(escrow), 7, block.timestamp, v, r, s);
        vm.prank(payer);
        escrow.depositWithPermit(7, block.timestamp, v, r, s);
        equal(escrow.balanceOf(payer), 900 * DOLLAR + 7);
    }

    function test_withdraw() public {
        vm.prank(payer);
        vm.expectEmit(address(escrow));
        emit Escrow.Withdrawn(payer, stranger, 900 * DOLLAR);
        escrow.withdraw(stranger, 900 * DOLLAR);
        vm.snapshotGasLastCall("Escrow", "withdraw");
        equal(token.balanceOf(stranger), 900 * DOLLAR);
        equal(escrow.balanceOf(payer), 0);
        solvent();
    }

    function test_withdrawRefusesWhatIsNotFree() public {
        vm.startPrank(payer);
        vm.expectRevert(abi.encodeWithSelector(Escrow.InsufficientBalance.selector, 900 * DOLLAR, 900 * DOLLAR + 1));
        escrow.withdraw(payer, 900 * DOLLAR + 1);
        vm.expectRevert(abi.encodeWithSelector(Escrow.InsufficientBalance.selector, 900 * DOLLAR, 0));
        escrow.withdraw(payer, 0);
        vm.expectRevert(abi.encodeWithSelector(Escrow.InvalidRecipient.selector, address(0)));
        escrow.withdraw(address(0), 1);
        vm.expectRevert(abi.encodeWithSelector(Escrow.InvalidRecipient.selector, address(escrow)));
        escrow.withdraw(address(escrow), 1);
        vm.stopPrank();
    }

    // ------------------------------------------------------------------------------------------ one-transaction opening

    bytes32 private constant SALT = bytes32(uint256(7));

    function opening(address payer_) private view returns (Escrow.Opening memory) {
        return Escrow.Opening(
            payer_, stranger, CAP, BUDGET / 2, session, 60 * DOLLAR, 0, block.timestamp + 60, SALT
        );
    }

    function test_openWithAuthorization() public {
        token.mint(payer, 60 * DOLLAR);
        bytes32 nonce = escrow.openNonce(payer, stranger, CAP, BUDGET / 2, session, SALT);
        bytes memory signature =
            signReceive(token, PAYER_KEY, address(escrow), 60 * DOLLAR, block.timestamp + 60, nonce);
        vm.prank(address(0xDE1A1E4));
        escrow.openWithAuthorization(opening(payer), signature);
        vm.snapshotGasLastCall("Escrow", "openWithAuthorization");
        equal(escrow.balanceOf(payer), 910 * DOLLAR);
        equal(escrow.totalReserved(), 150 * DOLLAR);
        equal(escrow.grant(payer, stranger).signer, session);
        solvent();
    }

    function test_openWithAuthorizationOfAContractWallet() public {
        TestWallet wallet = new TestWallet(payer);
        token.mint(address(wallet), 60 * DOLLAR);
        bytes32 nonce = escrow.openNonce(address(wallet), stranger, CAP, BUDGET / 2, session, SALT);
        bytes32 structHash = keccak256(
            abi.encode(RECEIVE_TYPEHASH, wallet, escrow, 60 * DOLLAR, 0, block.timestamp + 60, nonce)
        );
        bytes memory signature =
            sign(PAYER_KEY, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash)));
        escrow.openWithAuthorization(opening(address(wallet)), signature);
        equal(escrow.grant(address(wallet), stranger).budget, BUDGET / 2);
    }

    // ---------------------------------------------------------------------------------------------------------- grants

    function test_approveReserves() public {
        vm.prank(payer);
        vm.expectEmit(address(escrow));
        emit Escrow.Approved(payer, stranger, 0, CAP, 5, session);
        escrow.approve(stranger, CAP, 5, session);
        vm.snapshotGasLastCall("Escrow", "approve");
        equal(escrow.balanceOf(payer), 900 * DOLLAR - 5);
        equal(escrow.totalReserved(), 100 * DOLLAR + 5);
    }

    function test_approveRaises() public {
        vm.prank(payer);
        escrow.approve(provider, CAP * 2, BUDGET * 2, address(0));
        vm.snapshotGasLastCall("Escrow", "approve again");
        equal(escrow.balanceOf(payer), 800 * DOLLAR);
        equal(escrow.grant(payer, provider).priceCap, CAP * 2);
    }

    function test_approveRefuses() public {
        vm.startPrank(payer);
        vm.expectRevert(abi.encodeWithSelector(Escrow.InvalidProvider.selector, address(0)));
        escrow.approve(address(0), CAP, 1, address(0));
        vm.expectRevert(abi.encodeWithSelector(Escrow.InvalidProvider.selector, payer));
        escrow.approve(payer, CAP, 1, address(0));
        vm.expectRevert(Escrow.TermsOnlyGrow.selector);
        escrow.approve(provider, CAP, BUDGET - 1, address(0));
        vm.expectRevert(Escrow.TermsOnlyGrow.selector);
        escrow.approve(provider, CAP - 1, BUDGET, address(0));
        vm.expectRevert(Escrow.TermsOnlyGrow.selector);
        escrow.approve(provider, CAP, BUDGET, session);
        vm.expectRevert(
            abi.encodeWithSelector(Escrow.InsufficientBalance.selector, 900 * DOLLAR, 900 * DOLLAR + 1)
        );
        escrow.approve(stranger, CAP, uint128(900 * DOLLAR + 1), address(0));
        vm.stopPrank();
    }

    function approval(uint256 nonce, uint256 deadline) private view returns (bytes memory) {
        bytes32 structHash = keccak256(
            abi.encode(escrow.APPROVE_TYPEHASH(), payer, stranger, CAP, BUDGET, session, nonce, deadline)
        );
        return sign(PAYER_KEY, keccak256(abi.encodePacked(hex"1901", escrow.DOMAIN_SEPARATOR(), structHash)));
    }

    function test_approveBySig() public {
        bytes memory signature = approval(0, block.timestamp);
        escrow.approveBySig(payer, stranger, CAP, BUDGET, session, block.timestamp, signature);
        equal(escrow.grant(payer, stranger).budget, BUDGET);
        equal(escrow.nonces(payer), 1);
        vm.expectRevert(Escrow.InvalidSignature.selector);
        escrow.approveBySig(payer, stranger, CAP, BUDGET, session, block.timestamp, signature);
    }

    function test_approveBySigHasADeadline() public {
        bytes memory signature = approval(0, block.timestamp - 1);
        vm.expectRevert(abi.encodeWithSelector(Escrow.DeadlinePassed.selector, block.timestamp - 1));
        escrow.approveBySig(payer, stranger, CAP, BUDGET, session, block.timestamp - 1, signature);
    }

    function test_aSignedApprovalCanBeCancelled() public {
        bytes memory signature = approval(0, block.timestamp);
        vm.prank(payer);
        escrow.cancelSignedApproval();
        vm.expectRevert(Escrow.InvalidSignature.selector);
        escrow.approveBySig(payer, stranger, CAP, BUDGET, session, block.timestamp, signature);
    }

    function test_revokeAndClose() public {
        vm.prank(payer);
        vm.expectEmit(address(escrow));
        emit Escrow.Revoking(payer, provider, 0, uint40(block.timestamp + 1 days));
        escrow.revoke(provider);
        uint40 unlockAt = uint40(block.timestamp + 1 days);
        vm.expectRevert(abi.encodeWithSelector(Escrow.Revoked.selector, unlockAt));
        escrow.close(payer, provider);
        equal(settle(uint128(5 * DOLLAR)), 5 * DOLLAR);
        vm.warp(unlockAt);
        vm.expectEmit(address(escrow));
        emit Escrow.Closed(payer, provider, 0, uint128(95 * DOLLAR));
        vm.prank(stranger);
        escrow.close(payer, provider);
        vm.snapshotGasLastCall("Escrow", "close");
        equal(escrow.balanceOf(payer), 995 * DOLLAR);
        equal(escrow.grant(payer, provider).epoch, 1);
        equal(escrow.totalReserved(), 0);
        solvent();
    }

    function test_revokeRefuses() public {
        vm.startPrank(payer);
        vm.expectRevert(Escrow.NoGrant.selector);
        escrow.revoke(stranger);
        escrow.revoke(provider);
        vm.expectRevert(abi.encodeWithSelector(Escrow.Revoked.selector, uint40(block.timestamp + 1 days)));
        escrow.revoke(provider);
        vm.expectRevert(abi.encodeWithSelector(Escrow.Revoked.selector, uint40(block.timestamp + 1 days)));
        escrow.approve(provider, CAP, BUDGET * 2, address(0));
        vm.stopPrank();
    }

    function test_closeRefuses() public {
        vm.expectRevert(Escrow.NoGrant.selector);
        escrow.close(payer, stranger);
        vm.prank(payer);
        vm.expectRevert(Escrow.NoGrant.selector);
        escrow.close(payer, provider);
    }

    function test_theProviderClosesAtOnce() public {
        vm.prank(provider);
        escrow.close(payer, provider);
        equal(escrow.balanceOf(payer), 1000 * DOLLAR);
        vm.prank(payer);
        escrow.approve(provider, CAP / 2, BUDGET / 2, session);
        equal(escrow.grant(payer, provider).signer, session);
    }

    // -------------------------------------------------------------------------------------------------------- charging

    function test_consume() public {
        vm.prank(provider);
        vm.expectEmit(address(escrow));
        emit Escrow.Consumed(payer, provider, 0, CAP, 0);
        escrow.consume(payer, CAP);
        vm.snapshotGasLastCall("Escrow", "consume, first");
        vm.prank(provider);
        escrow.consume(payer, CAP);
        vm.snapshotGasLastCall("Escrow", "consume");
        equal(escrow.balanceOf(provider), 2 * DOLLAR);
        equal(escrow.grant(payer, provider).spent, 2 * DOLLAR);
        solvent();
    }

    function test_consumeRefuses() public {
        vm.startPrank(provider);
        vm.expectRevert(abi.encodeWithSelector(Escrow.PriceAboveCap.selector, CAP + 1, CAP));
        escrow.consume(payer, CAP + 1);
        vm.stopPrank();
        vm.prank(payer);
        escrow.approve(provider, BUDGET * 2, BUDGET, address(0));
        vm.startPrank(provider);
        vm.expectRevert(abi.encodeWithSelector(Escrow.BudgetExceeded.selector, BUDGET, BUDGET + 1));
        escrow.consume(payer, BUDGET + 1);
        escrow.consume(payer, BUDGET);
        vm.expectRevert(abi.encodeWithSelector(Escrow.BudgetExceeded.selector, 0, 1));
        escrow.consume(payer, 1);
        vm.stopPrank();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Escrow.PriceAboveCap.selector, 1, 0));
        escrow.consume(payer, 1);
    }

    function test_consumeEndsWithTheNotice() public {
        vm.prank(payer);
        escrow.revoke(provider);
        later(1 days - 1);
        vm.prank(provider);
        escrow.consume(payer, 1);
        later(1);
        (uint256 available,) = escrow.allowance(payer, provider);
        equal(available, 0);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(Escrow.Revoked.selector, uint40(block.timestamp)));
        escrow.consume(payer, 1);
    }

    function test_trialCreditsGoFirst() public {
        vm.prank(provider);
        vm.expectEmit(address(escrow));
        emit Escrow.TrialGranted(provider, payer, CAP + CAP / 2, uint40(block.timestamp));
        escrow.grantTrial(payer, CAP + CAP / 2, uint40(block.timestamp));
        vm.snapshotGasLastCall("Escrow", "grantTrial");
        (uint256 available, uint256 price) = escrow.allowance(payer, provider);
        equal(available, BUDGET + CAP + CAP / 2);
        equal(price, CAP);
        vm.startPrank(provider);
        vm.expectEmit(address(escrow));
        emit Escrow.Consumed(payer, provider, 0, 0, CAP);
        escrow.consume(payer, CAP);
        equal(escrow.balanceOf(provider), 0);
        vm.expectEmit(address(escrow));
        emit Escrow.Consumed(payer, provider, 0, CAP / 2, CAP / 2);
        escrow.consume(payer, CAP);
        equal(escrow.balanceOf(provider), CAP / 2);
        vm.stopPrank();
        solvent();
    }

    function test_trialCreditsNeedNoGrantAndExpire() public {
        vm.startPrank(provider);
        escrow.grantTrial(stranger, 3, uint40(block.timestamp));
        escrow.consume(stranger, 1);
        later(1);
        (uint256 available,) = escrow.allowance(stranger, provider);
        equal(available, 0);
        vm.expectRevert(abi.encodeWithSelector(Escrow.PriceAboveCap.selector, 1, 0));
        escrow.consume(stranger, 1);
        vm.stopPrank();
    }

    function test_settle() public {
        Escrow.Voucher[] memory entries = one(voucher(PAYER_KEY, payer, 0, uint128(5 * DOLLAR)));
        vm.prank(stranger);
        vm.expectEmit(address(escrow));
        emit Escrow.Consumed(payer, provider, 0, uint128(5 * DOLLAR), 0);
        equal(escrow.settle(provider, entries), 5 * DOLLAR);
        vm.snapshotGasLastCall("Escrow", "settle 1, first");
        equal(escrow.balanceOf(provider), 5 * DOLLAR);
        solvent();
    }

    function test_settleOfManyPayers() public {
        Escrow.Voucher[] memory entries = new Escrow.Voucher[](50);
        for (uint256 i; i < 50; ++i) {
            address account = vm.addr(1000 + i);
            fund(account, 10 * DOLLAR);
            vm.prank(account);
            escrow.approve(provider, CAP, uint128(10 * DOLLAR), address(0));
            entries[i] = voucher(1000 + i, account, 0, uint128(5 * DOLLAR));
        }
        settle(1);
        equal(escrow.settle(provider, entries), 250 * DOLLAR);
        vm.snapshotGasLastCall("Escrow", "settle 50");
        solvent();
    }

    function test_aSessionKeySigns() public {
        vm.prank(provider);
        escrow.close(payer, provider);
        vm.prank(payer);
        escrow.approve(provider, CAP, BUDGET, session);
        equal(escrow.settle(provider, one(voucher(PAYER_KEY, payer, 1, CAP))), 0);
        equal(escrow.settle(provider, one(voucher(SESSION_KEY, payer, 1, CAP))), CAP);
    }

    function test_consumedAndVoucheredMoneyCountTogether() public {
        vm.prank(provider);
        escrow.consume(payer, CAP);
        equal(settle(CAP), 0);
        equal(settle(CAP + 3), 3);
    }

    function testFuzz_vouchersPayTheHighestUpToTheBudget(uint128[8] calldata amounts) public {
        uint256 paid;
        uint256 highest;
        for (uint256 i; i < amounts.length; ++i) {
            uint128 amount = i % 2 == 0 ? amounts[i] : uint128(within(amounts[i], 0, 2 * BUDGET));
            paid += settle(amount);
            if (amount > highest) highest = amount;
        }
        equal(paid, highest < BUDGET ? highest : BUDGET);
        equal(escrow.balanceOf(provider), paid);
        solvent();
    }

    function testFuzz_depositsAndWithdrawalsBalance(uint96 deposited, uint96 withdrawn) public {
        vm.assume(deposited != 0);
        fund(stranger, deposited);
        uint256 amount = within(withdrawn, 1, deposited);
        vm.prank(stranger);
        escrow.withdraw(provider, amount);
        equal(escrow.balanceOf(stranger), deposited - amount);
        equal(token.balanceOf(provider), amount);
        solvent();
    }
}
