// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Escrow} from "../Escrow.sol";
import {TestWallet} from "../TestUSDC.sol";
import {EscrowBase} from "./EscrowBase.sol";
import {
    BlacklistingToken, FalseToken, FeeToken, LyingToken, MintableToken, ReentrantToken
} from "./Tokens.sol";

/// Burns all gas it is given when it is asked about a signature.
contract GasBurner {
    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        uint256 i;
        while (gasleft() > 500) ++i;
        return bytes4(0x1626ba7e);
    }
}

/// One test for each way to cheat (the list is in the README of the package).
contract EscrowAttacksTest is EscrowBase {
    uint128 private constant CAP = uint128(DOLLAR);
    uint128 private constant BUDGET = uint128(100 * DOLLAR);

    /// The payer takes its money away while the provider works.
    function test_withdrawRace() public {
        vm.startPrank(payer);
        escrow.withdraw(payer, 900 * DOLLAR);
        vm.expectRevert(abi.encodeWithSelector(Escrow.InsufficientBalance.selector, 0, 1));
        escrow.withdraw(payer, 1);
        escrow.revoke(provider);
        vm.expectRevert(abi.encodeWithSelector(Escrow.Revoked.selector, uint40(block.timestamp + 1 days)));
        escrow.close(payer, provider);
        vm.stopPrank();
        later(1 days - 1);
        equal(settle(BUDGET), BUDGET);
        equal(escrow.balanceOf(provider), BUDGET);
    }

    /// The payer changes the signer, or the cap, after it was served and before it is charged.
    function test_rotationRace() public {
        Escrow.Voucher[] memory given = one(voucher(PAYER_KEY, payer, 0, CAP));
        vm.startPrank(payer);
        vm.expectRevert(Escrow.TermsOnlyGrow.selector);
        escrow.approve(provider, CAP, BUDGET, session);
        vm.expectRevert(Escrow.TermsOnlyGrow.selector);
        escrow.approve(provider, 0, BUDGET, address(0));
        vm.stopPrank();
        equal(escrow.settle(provider, given), CAP);
    }

    /// The same money is promised to two providers.
    function test_doublePromise() public {
        vm.startPrank(payer);
        escrow.approve(stranger, CAP, uint128(900 * DOLLAR), address(0));
        vm.expectRevert(abi.encodeWithSelector(Escrow.InsufficientBalance.selector, 0, 1));
        escrow.approve(address(0xE11), CAP, 1, address(0));
        vm.stopPrank();
    }

    /// A voucher is brought twice, or an older one after it.
    function test_voucherReplay() public {
        Escrow.Voucher[] memory given = one(voucher(PAYER_KEY, payer, 0, 5));
        equal(escrow.settle(provider, given), 5);
        equal(escrow.settle(provider, given), 0);
        equal(settle(4), 0);
        Escrow.Voucher[] memory twice = new Escrow.Voucher[](2);
        twice[0] = twice[1] = voucher(PAYER_KEY, payer, 0, 8);
        equal(escrow.settle(provider, twice), 3);
        equal(escrow.balanceOf(provider), 8);
    }

    /// A voucher for one provider is brought by another with whom the payer has a grant too.
    function test_crossProviderReplay() public {
        vm.prank(payer);
        escrow.approve(stranger, CAP, BUDGET, address(0));
        equal(escrow.settle(stranger, one(voucher(PAYER_KEY, payer, 0, 5))), 0);
    }

    /// A voucher is brought to another escrow of the same token.
    function test_crossContractReplay() public {
        Escrow.Voucher[] memory given = one(voucher(PAYER_KEY, payer, 0, 5));
        escrow = new Escrow(IERC20(address(token)));
        fund(payer, 10);
        vm.prank(payer);
        escrow.approve(provider, CAP, 10, address(0));
        equal(escrow.settle(provider, given), 0);
    }

    /// A voucher of a grant that was closed is brought to the next one.
    function test_oldEpochReplay() public {
        Escrow.Voucher[] memory old = one(voucher(PAYER_KEY, payer, 0, BUDGET));
        vm.prank(provider);
        escrow.close(payer, provider);
        vm.prank(payer);
        escrow.approve(provider, CAP, BUDGET, address(0));
        equal(escrow.settle(provider, old), 0);
        equal(settle(3), 3);
    }

    /// The other signature of the same key over the same digest, signatures of others, of wrong lengths, and of nobody.
    function test_forgedVouchers() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(PAYER_KEY, escrow.voucherDigest(payer, provider, 0, 5));
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        bytes[6] memory signatures = [
            abi.encodePacked(r, bytes32(order - uint256(s)), v == 27 ? uint8(28) : uint8(27)),
            sign(SESSION_KEY, escrow.voucherDigest(payer, provider, 0, 5)),
            sign(PAYER_KEY, escrow.voucherDigest(payer, provider, 0, 6)),
            abi.encodePacked(r, s),
            bytes(""),
            abi.encodePacked(bytes32(0), bytes32(0), uint8(27))
        ];
        for (uint256 i; i < signatures.length; ++i) {
            equal(escrow.settle(provider, one(Escrow.Voucher(payer, 0, 5, signatures[i]))), 0);
        }
        Escrow.Voucher memory nobody = Escrow.Voucher(address(0), 0, 5, signatures[5]);
        equal(escrow.settle(provider, one(nobody)), 0);
        equal(settle(5), 5);
    }

    /// One payer's bad voucher shall not spoil a batch: forged, empty, old, of no grant, and closed in front of it.
    function test_settlePoisoning() public {
        fund(session, 10 * DOLLAR);
        vm.prank(session);
        escrow.approve(provider, CAP, CAP, address(0));
        vm.prank(provider);
        escrow.close(session, provider);
        Escrow.Voucher[] memory entries = new Escrow.Voucher[](6);
        entries[0] = Escrow.Voucher(payer, 0, type(uint128).max, hex"00");
        entries[1] = voucher(SESSION_KEY, session, 0, CAP);
        entries[2] = voucher(SESSION_KEY, stranger, 0, CAP);
        entries[3] = voucher(PAYER_KEY, payer, 0, 0);
        entries[4] = voucher(PAYER_KEY, payer, 9, CAP);
        entries[5] = voucher(PAYER_KEY, payer, 0, 7);
        equal(escrow.settle(provider, entries), 7);
        solvent();
    }

    /// A voucher above the budget pays the budget, once.
    function test_voucherBeyondTheBudget() public {
        equal(settle(type(uint128).max), BUDGET);
        equal(settle(type(uint128).max), 0);
    }

    /// After the notice has run out nothing is paid, even if nobody closes.
    function test_nothingIsPaidAfterTheNotice() public {
        vm.prank(payer);
        escrow.revoke(provider);
        later(1 days);
        equal(settle(5), 0);
    }

    /// A payer whose code burns gas when asked about signatures: it is never asked.
    function test_erc1271GasGrief() public {
        GasBurner burner = new GasBurner();
        fund(address(burner), 10 * DOLLAR);
        vm.prank(address(burner));
        escrow.approve(provider, CAP, CAP, address(0));
        Escrow.Voucher[] memory entries = new Escrow.Voucher[](2);
        entries[0] = Escrow.Voucher(address(burner), 0, CAP, new bytes(65));
        entries[1] = voucher(PAYER_KEY, payer, 0, 7);
        uint256 before = gasleft();
        equal(escrow.settle(provider, entries), 7);
        check(before - gasleft() < 200_000, "the payer's code must not run");
    }

    /// The relayer of an opening changes its terms.
    function test_relayerTampering() public {
        token.mint(payer, 60 * DOLLAR);
        bytes32 nonce = escrow.openNonce(payer, stranger, CAP, CAP, session, 0);
        bytes memory signature =
            signReceive(token, PAYER_KEY, address(escrow), 60 * DOLLAR, block.timestamp + 60, nonce);
        for (uint256 i; i < 6; ++i) {
            Escrow.Opening memory changed = opening();
            if (i == 0) changed.provider = address(0xE11);
            if (i == 1) changed.priceCap *= 2;
            if (i == 2) changed.budget *= 2;
            if (i == 3) changed.signer = address(0xE11);
            if (i == 4) changed.amount -= 1;
            if (i == 5) changed.salt = bytes32(uint256(1));
            vm.expectRevert(abi.encodeWithSignature("Error(string)", "FiatTokenV2: invalid signature"));
            escrow.openWithAuthorization(changed, signature);
        }
        escrow.openWithAuthorization(opening(), signature);
        vm.expectRevert(abi.encodeWithSignature("Error(string)", "FiatTokenV2: authorization is used or canceled"));
        escrow.openWithAuthorization(opening(), signature);
    }

    function opening() private view returns (Escrow.Opening memory) {
        return Escrow.Opening(payer, stranger, CAP, CAP, session, 60 * DOLLAR, 0, block.timestamp + 60, 0);
    }

    /// Somebody takes an opening out of the queue and hands it to the token itself.
    function test_openingFrontRun() public {
        token.mint(payer, 60 * DOLLAR);
        bytes32 nonce = escrow.openNonce(payer, stranger, CAP, CAP, session, 0);
        uint256 until = block.timestamp + 60;
        bytes memory signature = signReceive(token, PAYER_KEY, address(escrow), 60 * DOLLAR, until, nonce);
        vm.expectRevert(abi.encodeWithSignature("Error(string)", "FiatTokenV2: caller must be the payee"));
        token.receiveWithAuthorization(payer, address(escrow), 60 * DOLLAR, 0, until, nonce, signature);
    }

    /// Dust for a payer that leaves, in the hope that its notice starts again.
    function test_dustDepositFor() public {
        vm.prank(payer);
        escrow.revoke(provider);
        uint40 unlockAt = escrow.grant(payer, provider).unlockAt;
        token.mint(stranger, 1);
        vm.startPrank(stranger);
        token.approve(address(escrow), 1);
        escrow.depositFor(payer, 1);
        vm.stopPrank();
        equal(escrow.grant(payer, provider).unlockAt, unlockAt);
        vm.warp(unlockAt);
        escrow.close(payer, provider);
        equal(escrow.balanceOf(payer), 1000 * DOLLAR + 1);
    }

    /// Trial credits are turned into money: by the user, by the provider, by both.
    function test_trialsAreNotMoney() public {
        vm.prank(provider);
        escrow.grantTrial(stranger, type(uint128).max, type(uint40).max);
        equal(escrow.balanceOf(stranger), 0);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Escrow.InsufficientBalance.selector, 0, 1));
        escrow.withdraw(stranger, 1);
        vm.startPrank(provider);
        escrow.consume(stranger, type(uint128).max);
        vm.expectRevert(abi.encodeWithSelector(Escrow.InsufficientBalance.selector, 0, 1));
        escrow.withdraw(provider, 1);
        vm.stopPrank();
        solvent();
    }

    /// A signed approval is sent twice, for another chain's or contract's sake, or forged; a contract wallet vouches.
    function test_signedApprovals() public {
        TestWallet wallet = new TestWallet(session);
        fund(address(wallet), 10 * DOLLAR);
        bytes32 structHash = keccak256(
            abi.encode(
                escrow.APPROVE_TYPEHASH(), address(wallet), provider, CAP, CAP, session, 0, block.timestamp
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", escrow.DOMAIN_SEPARATOR(), structHash));
        bytes memory forged = sign(PAYER_KEY, digest);
        vm.expectRevert(Escrow.InvalidSignature.selector);
        escrow.approveBySig(address(wallet), provider, CAP, CAP, session, block.timestamp, forged);
        bytes memory signature = sign(SESSION_KEY, digest);
        escrow.approveBySig(address(wallet), provider, CAP, CAP, session, block.timestamp, signature);
        vm.expectRevert(Escrow.InvalidSignature.selector);
        escrow.approveBySig(address(wallet), provider, CAP, CAP, session, block.timestamp, signature);
        equal(escrow.settle(provider, one(voucher(SESSION_KEY, address(wallet), 0, CAP))), CAP);
    }

    /// Money sent by a plain transfer belongs to nobody, and unbalances nothing.
    function test_donation() public {
        token.mint(address(escrow), 50);
        fund(stranger, 7);
        equal(escrow.balanceOf(stranger), 7);
        equal(token.balanceOf(address(escrow)), escrow.totalFree() + escrow.totalReserved() + 50);
    }

    // ---------------------------------------------------------------------------------------------------------- tokens

    function with(MintableToken bad) private returns (Escrow made) {
        made = new Escrow(IERC20(address(bad)));
        bad.mint(payer, 1000);
        vm.prank(payer);
        bad.approve(address(made), 1000);
    }

    function test_feeOnTransferToken() public {
        FeeToken bad = new FeeToken();
        Escrow made = with(bad);
        vm.prank(payer);
        made.deposit(1000);
        equal(made.balanceOf(payer), 990);
        equal(bad.balanceOf(address(made)), 990);
    }

    function test_falseReturningToken() public {
        Escrow made = with(new FalseToken());
        vm.prank(payer);
        vm.expectRevert();
        made.deposit(1000);
    }

    function test_lyingToken() public {
        Escrow made = with(new LyingToken());
        vm.prank(payer);
        vm.expectRevert(Escrow.NothingDeposited.selector);
        made.deposit(1000);
    }

    function test_blacklistingToken() public {
        BlacklistingToken bad = new BlacklistingToken();
        Escrow made = with(bad);
        vm.startPrank(payer);
        made.deposit(1000);
        made.approve(provider, 10, 500, address(0));
        vm.stopPrank();
        bad.refuse(provider);
        vm.startPrank(provider);
        made.consume(payer, 10);
        vm.expectRevert(BlacklistingToken.Refused.selector);
        made.withdraw(provider, 10);
        made.withdraw(stranger, 10);
        vm.stopPrank();
        vm.prank(payer);
        made.withdraw(payer, 500);
        equal(bad.balanceOf(stranger), 10);
    }

    /// In the middle of a transfer the token enters again: into what moves tokens it cannot, and what it may do elsewhere
    /// makes no money.
    function test_reentrantToken() public {
        bytes[5] memory guarded = [
            abi.encodeCall(Escrow.deposit, (1)),
            abi.encodeCall(Escrow.depositFor, (payer, 1)),
            abi.encodeCall(Escrow.withdraw, (stranger, 1)),
            abi.encodeCall(Escrow.depositWithPermit, (1, 0, 27, 0, 0)),
            abi.encodeCall(Escrow.openWithAuthorization, (opening(), ""))
        ];
        for (uint256 i; i < guarded.length; ++i) {
            ReentrantToken bad = new ReentrantToken();
            Escrow made = with(bad);
            bad.callBack(address(made), guarded[i]);
            vm.prank(payer);
            made.deposit(600);
            check(!bad.hasSucceeded(), "entered again");
            equal(bad.answer(), abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
            bad.callBack(address(made), guarded[i]);
            vm.prank(payer);
            made.withdraw(payer, 100);
            check(!bad.hasSucceeded(), "entered again");
            equal(made.balanceOf(payer), 500);
            equal(bad.balanceOf(address(made)), made.totalFree() + made.totalReserved());
        }
    }
}
