// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {BatchSettlement, Erc3009DepositCollector, IDepositCollector} from "../BatchSettlement.sol";
import {Multicall3} from "../Multicall3.sol";
import {TestUSDC, TestWallet} from "../TestUSDC.sol";
import {Base} from "./Base.sol";

/// Brings less, more, or enters again.
contract BadCollector is IDepositCollector {
    int256 public immutable difference;
    bytes public entered;

    constructor(int256 difference_, bytes memory entered_) {
        (difference, entered) = (difference_, entered_);
    }

    function collect(address, address token, uint256 amount, bytes32, bytes calldata) external {
        TestUSDC(token).transfer(msg.sender, uint256(int256(amount) + difference));
        if (entered.length == 0) return;
        (bool hasSucceeded,) = msg.sender.call(entered);
        require(hasSucceeded, "could not enter");
    }
}

contract BatchSettlementTest is Base {
    uint256 private constant PAYER_KEY = 0xA11CE;
    uint256 private constant SESSION_KEY = 0x5E55;
    uint256 private constant RECEIVER_KEY = 0xBEEF;
    uint128 private constant DEPOSIT = 10e6;

    address private immutable payer = vm.addr(PAYER_KEY);
    address private immutable receiver = address(0x4ECE);
    address private immutable authorizer = vm.addr(RECEIVER_KEY);
    address private immutable stranger = address(0x57A);
    TestUSDC private token;
    BatchSettlement private channels;
    Erc3009DepositCollector private collector;
    BatchSettlement.ChannelConfig private config;
    bytes32 private id;

    function setUp() public {
        vm.warp(1_700_000_000);
        token = new TestUSDC();
        channels = new BatchSettlement();
        collector = new Erc3009DepositCollector(address(channels));
        config = BatchSettlement.ChannelConfig(
            payer, vm.addr(SESSION_KEY), receiver, authorizer, address(token), 1 hours, bytes32(uint256(1))
        );
        id = channels.getChannelId(config);
        token.mint(payer, 100e6);
        deposit(DEPOSIT, 1);
    }

    function collectorData(bytes32 channelId, uint256 amount, uint256 salt) private view returns (bytes memory) {
        bytes32 nonce = keccak256(abi.encode(channelId, salt));
        uint256 until = block.timestamp + 60;
        bytes memory signature = signReceive(token, PAYER_KEY, address(collector), amount, until, nonce);
        return abi.encode(uint256(0), until, salt, signature);
    }

    function deposit(uint128 amount, uint256 salt) private {
        bytes memory data = collectorData(channels.getChannelId(config), amount, salt);
        vm.prank(stranger);
        channels.deposit(config, amount, address(collector), data);
    }

    function entry(uint128 maximum, uint128 total) private view returns (BatchSettlement.VoucherClaim[] memory entries) {
        entries = new BatchSettlement.VoucherClaim[](1);
        bytes memory signature = sign(SESSION_KEY, channels.getVoucherDigest(channels.getChannelId(config), maximum));
        entries[0] = BatchSettlement.VoucherClaim(BatchSettlement.Voucher(config, maximum), signature, total);
    }

    function claim(uint128 maximum, uint128 total) private {
        BatchSettlement.VoucherClaim[] memory entries = entry(maximum, total);
        vm.prank(authorizer);
        channels.claim(entries);
    }

    /// What the contract holds is what is in channels and what is claimed and not sent.
    function solvent() private view {
        (uint128 balance, uint128 claimed) = channels.channels(id);
        (uint128 totalClaimed, uint128 totalSettled) = channels.receivers(receiver, address(token));
        equal(token.balanceOf(address(channels)), balance - claimed + totalClaimed - totalSettled);
    }

    function test_deposit() public {
        (uint128 balance, uint128 claimed) = channels.channels(id);
        equal(balance, DEPOSIT);
        equal(claimed, 0);
        bytes memory data = collectorData(id, 5, 2);
        vm.prank(stranger);
        vm.expectEmit(address(channels));
        emit BatchSettlement.Deposited(id, stranger, 5, DEPOSIT + 5);
        channels.deposit(config, 5, address(collector), data);
        vm.snapshotGasLastCall("BatchSettlement", "deposit");
        solvent();
    }

    function test_theFirstDepositTellsTheChannel() public {
        config.salt = bytes32(uint256(2));
        bytes memory data = collectorData(channels.getChannelId(config), 5, 2);
        vm.expectEmit(address(channels));
        emit BatchSettlement.ChannelCreated(channels.getChannelId(config), config);
        channels.deposit(config, 5, address(collector), data);
        vm.snapshotGasLastCall("BatchSettlement", "deposit, first");
    }

    function test_depositRefuses() public {
        BatchSettlement.ChannelConfig memory bad = config;
        for (uint256 i; i < 4; ++i) {
            bad = config;
            if (i == 0) bad.payer = address(0);
            if (i == 1) bad.receiver = address(0);
            if (i == 2) bad.receiverAuthorizer = address(0);
            if (i == 3) bad.token = address(0);
            vm.expectRevert(BatchSettlement.InvalidChannel.selector);
            channels.deposit(bad, 1, address(collector), "");
        }
        bad = config;
        bad.withdrawDelay = 15 minutes - 1;
        vm.expectRevert(BatchSettlement.WithdrawDelayOutOfRange.selector);
        channels.deposit(bad, 1, address(collector), "");
        bad.withdrawDelay = 30 days + 1;
        vm.expectRevert(BatchSettlement.WithdrawDelayOutOfRange.selector);
        channels.deposit(bad, 1, address(collector), "");
        vm.expectRevert(BatchSettlement.ZeroAmount.selector);
        channels.deposit(config, 0, address(collector), "");
    }

    function test_aCollectorMustBringTheAmountAndCannotEnterAgain() public {
        int256[2] memory differences = [int256(-1), 1];
        for (uint256 i; i < 2; ++i) {
            BadCollector bad = new BadCollector(differences[i], "");
            token.mint(address(bad), 100);
            vm.expectRevert(BatchSettlement.DepositNotReceived.selector);
            channels.deposit(config, 10, address(bad), "");
        }
        bytes[3] memory calls = [
            abi.encodeCall(BatchSettlement.settle, (receiver, address(token))),
            abi.encodeCall(BatchSettlement.deposit, (config, 1, address(collector), "")),
            abi.encodeCall(BatchSettlement.multicall, (new bytes[](0)))
        ];
        for (uint256 i; i < 2; ++i) {
            BadCollector bad = new BadCollector(0, calls[i]);
            token.mint(address(bad), 100);
            vm.expectRevert(abi.encodeWithSignature("Error(string)", "could not enter"));
            channels.deposit(config, 10, address(bad), "");
        }
    }

    /// What a payer signed for one channel, or amount, is good for no other, and only the channel contract can use it.
    function test_depositsAreBound() public {
        bytes memory data = collectorData(id, 5, 2);
        BatchSettlement.ChannelConfig memory other = config;
        other.receiver = stranger;
        vm.expectRevert(abi.encodeWithSignature("Error(string)", "FiatTokenV2: invalid signature"));
        channels.deposit(other, 5, address(collector), data);
        vm.expectRevert(abi.encodeWithSignature("Error(string)", "FiatTokenV2: invalid signature"));
        channels.deposit(config, 6, address(collector), data);
        vm.prank(stranger);
        vm.expectRevert(Erc3009DepositCollector.NotSettlement.selector);
        collector.collect(payer, address(token), 5, id, data);
        channels.deposit(config, 5, address(collector), data);
        vm.expectRevert(abi.encodeWithSignature("Error(string)", "FiatTokenV2: authorization is used or canceled"));
        channels.deposit(config, 5, address(collector), data);
    }

    function test_claimAndSettle() public {
        BatchSettlement.VoucherClaim[] memory entries = entry(5e6, 4e6);
        vm.prank(receiver);
        vm.expectEmit(address(channels));
        emit BatchSettlement.Claimed(id, receiver, 4e6, 4e6);
        channels.claim(entries);
        vm.snapshotGasLastCall("BatchSettlement", "claim 1");
        solvent();
        vm.expectEmit(address(channels));
        emit BatchSettlement.Settled(receiver, address(token), address(this), 4e6);
        channels.settle(receiver, address(token));
        vm.snapshotGasLastCall("BatchSettlement", "settle");
        equal(token.balanceOf(receiver), 4e6);
        channels.settle(receiver, address(token));
        equal(token.balanceOf(receiver), 4e6);
        claim(5e6, 5e6);
        channels.settle(receiver, address(token));
        equal(token.balanceOf(receiver), 5e6);
        solvent();
    }

    function test_aClaimThatBringsNothingNewIsPassedOver() public {
        claim(5e6, 4e6);
        claim(5e6, 4e6);
        claim(5e6, 3e6);
        (, uint128 claimed) = channels.channels(id);
        equal(claimed, 4e6);
    }

    function test_claimRefuses() public {
        vm.startPrank(receiver);
        vm.expectRevert(BatchSettlement.EmptyBatch.selector);
        channels.claim(new BatchSettlement.VoucherClaim[](0));
        BatchSettlement.VoucherClaim[] memory entries = entry(4e6, 4e6 + 1);
        vm.expectRevert(BatchSettlement.ClaimAboveVoucher.selector);
        channels.claim(entries);
        entries = entry(DEPOSIT + 1, DEPOSIT + 1);
        vm.expectRevert(BatchSettlement.ClaimAboveBalance.selector);
        channels.claim(entries);
        entries = entry(4e6, 4e6);
        entries[0].voucher.maxClaimableAmount++;
        vm.expectRevert(BatchSettlement.InvalidSignature.selector);
        channels.claim(entries);
        entries[0].signature = hex"00";
        vm.expectRevert(BatchSettlement.InvalidSignature.selector);
        channels.claim(entries);
        vm.stopPrank();
        entries = entry(4e6, 4e6);
        vm.prank(payer);
        vm.expectRevert(BatchSettlement.NotAuthorized.selector);
        channels.claim(entries);
    }

    function test_claimWithSignature() public {
        BatchSettlement.VoucherClaim[] memory entries = entry(5e6, 4e6);
        bytes memory signature = sign(RECEIVER_KEY, channels.getClaimBatchDigest(entries));
        vm.prank(stranger);
        channels.claimWithSignature(entries, signature);
        (, uint128 claimed) = channels.channels(id);
        equal(claimed, 4e6);
        vm.expectRevert(BatchSettlement.EmptyBatch.selector);
        channels.claimWithSignature(new BatchSettlement.VoucherClaim[](0), "");
        entries[0].totalClaimed = 5e6;
        vm.expectRevert(BatchSettlement.InvalidSignature.selector);
        channels.claimWithSignature(entries, signature);
        BatchSettlement.VoucherClaim[] memory two = new BatchSettlement.VoucherClaim[](2);
        (two[0], two[1]) = (entries[0], entry(5e6, 5e6)[0]);
        two[1].voucher.channel.receiverAuthorizer = stranger;
        signature = sign(RECEIVER_KEY, channels.getClaimBatchDigest(two));
        vm.expectRevert(BatchSettlement.AuthorizerMismatch.selector);
        channels.claimWithSignature(two, signature);
    }

    /// Many channels in one transaction.
    function test_claimOfManyChannels() public {
        claim(1, 1);
        BatchSettlement.VoucherClaim[] memory entries = new BatchSettlement.VoucherClaim[](10);
        for (uint256 i; i < 10; ++i) {
            config.salt = bytes32(100 + i);
            deposit(1e6, 100 + i);
            entries[i] = entry(1e6, 5e5)[0];
        }
        vm.prank(receiver);
        channels.claim(entries);
        vm.snapshotGasLastCall("BatchSettlement", "claim 10");
        (uint128 totalClaimed,) = channels.receivers(receiver, address(token));
        equal(totalClaimed, 5e6 + 1);
    }

    /// Without an authorizer of its own the payer signs, and a contract may be the payer.
    function test_aContractWalletPays() public {
        TestWallet wallet = new TestWallet(payer);
        config.payer = address(wallet);
        config.payerAuthorizer = address(0);
        BadCollector gift = new BadCollector(0, "");
        token.mint(address(gift), 100);
        channels.deposit(config, 100, address(gift), "");
        bytes32 digest = channels.getVoucherDigest(channels.getChannelId(config), 7);
        BatchSettlement.VoucherClaim[] memory entries = entry(7, 7);
        vm.prank(receiver);
        vm.expectRevert(BatchSettlement.InvalidSignature.selector);
        channels.claim(entries);
        entries[0].signature = sign(PAYER_KEY, digest);
        vm.prank(receiver);
        channels.claim(entries);
    }

    function test_withdraw() public {
        claim(2e6, 2e6);
        vm.prank(payer);
        vm.expectEmit(address(channels));
        emit BatchSettlement.WithdrawInitiated(id, 8e6, uint40(block.timestamp + 1 hours));
        channels.initiateWithdraw(config, 8e6);
        claim(3e6, 3e6);
        later(1 hours - 1);
        vm.prank(payer);
        vm.expectRevert(BatchSettlement.WithdrawalNotReady.selector);
        channels.finalizeWithdraw(config);
        later(1);
        vm.prank(vm.addr(SESSION_KEY));
        vm.expectEmit(address(channels));
        emit BatchSettlement.WithdrawFinalized(id, vm.addr(SESSION_KEY), 7e6);
        channels.finalizeWithdraw(config);
        equal(token.balanceOf(payer), 97e6);
        (uint128 amount, uint40 initiatedAt) = channels.pendingWithdrawals(id);
        equal(amount + initiatedAt, 0);
        solvent();
    }

    function test_noMoreIsWithdrawnThanWasAnnounced() public {
        vm.prank(payer);
        channels.initiateWithdraw(config, 1e6);
        later(1 hours);
        vm.prank(payer);
        channels.finalizeWithdraw(config);
        equal(token.balanceOf(payer), 91e6);
        solvent();
    }

    function test_withdrawOfNothingLeft() public {
        vm.prank(payer);
        channels.initiateWithdraw(config, DEPOSIT);
        claim(DEPOSIT, DEPOSIT);
        later(1 hours);
        vm.prank(payer);
        channels.finalizeWithdraw(config);
        equal(token.balanceOf(payer), 90e6);
        solvent();
    }

    function test_withdrawRefuses() public {
        vm.prank(receiver);
        vm.expectRevert(BatchSettlement.NotAuthorized.selector);
        channels.initiateWithdraw(config, 1);
        vm.prank(receiver);
        vm.expectRevert(BatchSettlement.NotAuthorized.selector);
        channels.finalizeWithdraw(config);
        vm.startPrank(payer);
        vm.expectRevert(BatchSettlement.WithdrawalNotReady.selector);
        channels.finalizeWithdraw(config);
        vm.expectRevert(BatchSettlement.ZeroAmount.selector);
        channels.initiateWithdraw(config, 0);
        vm.expectRevert(BatchSettlement.WithdrawalAboveBalance.selector);
        channels.initiateWithdraw(config, DEPOSIT + 1);
        channels.initiateWithdraw(config, 1);
        vm.expectRevert(BatchSettlement.WithdrawalPending.selector);
        channels.initiateWithdraw(config, 1);
        vm.stopPrank();
    }

    function test_refund() public {
        claim(2e6, 2e6);
        vm.prank(receiver);
        vm.expectEmit(address(channels));
        emit BatchSettlement.Refunded(id, receiver, 3e6);
        channels.refund(config, 3e6);
        equal(token.balanceOf(payer), 93e6);
        vm.prank(authorizer);
        channels.refund(config, type(uint128).max);
        equal(token.balanceOf(payer), 98e6);
        equal(channels.refundNonce(id), 2);
        vm.prank(receiver);
        channels.refund(config, 1);
        equal(token.balanceOf(payer), 98e6);
        equal(channels.refundNonce(id), 3);
        solvent();
    }

    function test_aRefundLowersAPendingWithdrawal() public {
        vm.prank(payer);
        channels.initiateWithdraw(config, 4e6);
        vm.prank(receiver);
        channels.refund(config, 1e6);
        (uint128 amount,) = channels.pendingWithdrawals(id);
        equal(amount, 3e6);
        vm.prank(receiver);
        channels.refund(config, 5e6);
        (, uint40 initiatedAt) = channels.pendingWithdrawals(id);
        equal(initiatedAt, 0);
        solvent();
    }

    function test_refundRefuses() public {
        vm.prank(payer);
        vm.expectRevert(BatchSettlement.NotAuthorized.selector);
        channels.refund(config, 1);
        vm.prank(receiver);
        vm.expectRevert(BatchSettlement.ZeroAmount.selector);
        channels.refund(config, 0);
    }

    function test_refundWithSignature() public {
        bytes memory signature = sign(RECEIVER_KEY, channels.getRefundDigest(id, 0, 5));
        vm.expectRevert(BatchSettlement.InvalidRefundNonce.selector);
        channels.refundWithSignature(config, 5, 1, signature);
        vm.expectRevert(BatchSettlement.InvalidSignature.selector);
        channels.refundWithSignature(config, 6, 0, signature);
        channels.refundWithSignature(config, 5, 0, signature);
        equal(token.balanceOf(payer), 90e6 + 5);
        vm.expectRevert(BatchSettlement.InvalidRefundNonce.selector);
        channels.refundWithSignature(config, 5, 0, signature);
    }

    function test_multicallIsInTheNameOfTheCaller() public {
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(BatchSettlement.claim, (entry(4e6, 4e6)));
        calls[1] = abi.encodeCall(BatchSettlement.settle, (receiver, address(token)));
        vm.prank(stranger);
        vm.expectRevert(BatchSettlement.NotAuthorized.selector);
        channels.multicall(calls);
        vm.prank(receiver);
        equal(channels.multicall(calls).length, 2);
        equal(token.balanceOf(receiver), 4e6);
    }

    function testFuzz_moneyIsKept(uint128[10] calldata amounts, uint8[10] calldata actions) public {
        uint128 highest;
        for (uint256 i; i < 10; ++i) {
            uint128 amount = uint128(within(amounts[i], 1, 3e6));
            (uint128 balance, uint128 claimed) = channels.channels(id);
            if (actions[i] % 5 == 0) deposit(amount, 10 + i);
            if (actions[i] % 5 == 1) {
                highest = claimed + amount < balance ? claimed + amount : balance;
                claim(highest, highest);
            }
            if (actions[i] % 5 == 2) channels.settle(receiver, address(token));
            if (actions[i] % 5 == 3) {
                vm.prank(receiver);
                channels.refund(config, amount);
            }
            if (actions[i] % 5 == 4) {
                vm.prank(payer);
                try channels.initiateWithdraw(config, amount) {} catch {}
                later(1 hours);
                vm.prank(payer);
                try channels.finalizeWithdraw(config) {} catch {}
            }
            solvent();
        }
    }

    function test_multicall3() public {
        Multicall3 multicall = new Multicall3();
        Multicall3.Call[] memory calls = new Multicall3.Call[](2);
        calls[0] = Multicall3.Call(address(token), abi.encodeCall(token.balanceOf, (payer)));
        calls[1] = Multicall3.Call(address(channels), abi.encodeCall(channels.refund, (config, 1)));
        Multicall3.Result[] memory results = multicall.tryAggregate(false, calls);
        equal(abi.decode(results[0].returnData, (uint256)), 90e6);
        check(results[0].success && !results[1].success, "one of two");
        equal(results[1].returnData, abi.encodeWithSelector(BatchSettlement.NotAuthorized.selector));
        vm.expectRevert(abi.encodeWithSelector(Multicall3.CallFailed.selector, 1));
        multicall.tryAggregate(true, calls);
        Multicall3.Call3[] memory calls3 = new Multicall3.Call3[](1);
        calls3[0] = Multicall3.Call3(address(channels), true, calls[1].callData);
        check(!multicall.aggregate3(calls3)[0].success, "may fail");
        calls3[0].allowFailure = false;
        vm.expectRevert(abi.encodeWithSelector(Multicall3.CallFailed.selector, 0));
        multicall.aggregate3(calls3);
    }
}
