// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IReceiveWithAuthorization} from "./IReceiveWithAuthorization.sol";

/// @title How money for a channel is fetched from its payer
interface IDepositCollector {
    /// @notice Brings exactly `amount` of the payer's tokens to the caller, or reverts.
    /// @param collectorData What the payer signed; its form is the collector's own.
    function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes calldata collectorData) external;
}

/// @title Payment channels, compatible with the x402 scheme `batch-settlement` on EVM chains
/// @notice A payer deposits once into a channel to one receiver, then pays call by call with cumulative vouchers signed
/// off-chain. The receiver claims many channels in one transaction, gives back what it does not want, and the payer can
/// leave by itself after a delay it chose. Written from the public interface of the scheme (npm: x402/evm 2.27), for chains
/// that lack the original: the stock client, server and facilitator run against it unchanged.
///
/// It has no constructor and no immutables, so that its runtime code is one known sequence of bytes at any address.
contract BatchSettlement is ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice A channel is its configuration: nothing of it is stored but money.
    /// @param payerAuthorizer Key that signs vouchers; zero when the payer's own wallet does (which may be a contract).
    /// @param receiverAuthorizer Whose signature, or call, claims and refunds for the receiver.
    /// @param withdrawDelay Seconds from the payer's notice to its withdrawal: 15 minutes to 30 days.
    struct ChannelConfig {
        address payer;
        address payerAuthorizer;
        address receiver;
        address receiverAuthorizer;
        address token;
        uint40 withdrawDelay;
        bytes32 salt;
    }

    /// @notice What is in a channel: all that was deposited and not withdrawn or refunded, and how much of it is claimed.
    struct ChannelState {
        uint128 balance;
        uint128 totalClaimed;
    }

    /// @notice A payer's notice that it withdraws.
    struct WithdrawalState {
        uint128 amount;
        uint40 initiatedAt;
    }

    /// @notice What a receiver has claimed in a token, and how much of that was sent to it.
    struct ReceiverState {
        uint128 totalClaimed;
        uint128 totalSettled;
    }

    /// @notice What a payer signs: the receiver may have claimed up to this much in all.
    struct Voucher {
        ChannelConfig channel;
        uint128 maxClaimableAmount;
    }

    /// @notice A voucher, and what the receiver takes of it (cumulative: at most `maxClaimableAmount`).
    struct VoucherClaim {
        Voucher voucher;
        bytes signature;
        uint128 totalClaimed;
    }

    /// @notice EIP-712 type of a channel; its hash in this contract's domain is the channel id.
    bytes32 public constant CHANNEL_CONFIG_TYPEHASH = keccak256(
        "ChannelConfig(address payer,address payerAuthorizer,address receiver,address receiverAuthorizer,address token,uint40 withdrawDelay,bytes32 salt)"
    );
    /// @notice EIP-712 type of a voucher.
    bytes32 public constant VOUCHER_TYPEHASH = keccak256("Voucher(bytes32 channelId,uint128 maxClaimableAmount)");
    /// @notice EIP-712 type of a refund by signature.
    bytes32 public constant REFUND_TYPEHASH = keccak256("Refund(bytes32 channelId,uint256 nonce,uint128 amount)");
    /// @notice EIP-712 type of one claim of a batch.
    bytes32 public constant CLAIM_ENTRY_TYPEHASH =
        keccak256("ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)");
    /// @notice EIP-712 type of a batch of claims.
    bytes32 public constant CLAIM_BATCH_TYPEHASH = keccak256(
        "ClaimBatch(ClaimEntry[] claims)ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)"
    );
    /// @notice The shortest delay a channel may have.
    uint40 public constant MIN_WITHDRAW_DELAY = 15 minutes;
    /// @notice The longest delay a channel may have.
    uint40 public constant MAX_WITHDRAW_DELAY = 30 days;

    /// @notice Money of a channel.
    mapping(bytes32 channelId => ChannelState) public channels;
    /// @notice Notice given by the payer of a channel.
    mapping(bytes32 channelId => WithdrawalState) public pendingWithdrawals;
    /// @notice Counts the refunds of a channel.
    mapping(bytes32 channelId => uint256) public refundNonce;
    /// @notice Claimed and settled money by receiver and token.
    mapping(address receiver => mapping(address token => ReceiverState)) public receivers;

    /// @notice First deposit of a channel, with its whole configuration.
    event ChannelCreated(bytes32 indexed channelId, ChannelConfig config);
    /// @notice Money came in.
    event Deposited(bytes32 indexed channelId, address indexed sender, uint128 amount, uint128 newBalance);
    /// @notice Money became the receiver's; `settle` sends it.
    event Claimed(bytes32 indexed channelId, address indexed sender, uint128 claimAmount, uint128 newTotalClaimed);
    /// @notice Claimed money was sent to its receiver.
    event Settled(address indexed receiver, address indexed token, address indexed sender, uint128 amount);
    /// @notice The receiver gave money back.
    event Refunded(bytes32 indexed channelId, address indexed sender, uint128 amount);
    /// @notice The payer leaves: claim before `finalizeAfter`.
    event WithdrawInitiated(bytes32 indexed channelId, uint128 amount, uint40 finalizeAfter);
    /// @notice The payer has left with `amount`.
    event WithdrawFinalized(bytes32 indexed channelId, address indexed sender, uint128 amount);

    /// @notice A channel needs a payer, a receiver, a receiver's authorizer and a token.
    error InvalidChannel();
    /// @notice The delay is outside of 15 minutes to 30 days.
    error WithdrawDelayOutOfRange();
    /// @notice An amount of zero.
    error ZeroAmount();
    /// @notice An empty batch.
    error EmptyBatch();
    /// @notice The collector did not bring exactly the amount.
    error DepositNotReceived();
    /// @notice The caller has no right to this.
    error NotAuthorized();
    /// @notice A signature is not of whom it must be.
    error InvalidSignature();
    /// @notice All claims of a signed batch need the same authorizer.
    error AuthorizerMismatch();
    /// @notice More is claimed than the voucher says.
    error ClaimAboveVoucher();
    /// @notice More is claimed than the channel holds.
    error ClaimAboveBalance();
    /// @notice A withdrawal is already announced.
    error WithdrawalPending();
    /// @notice No withdrawal is announced, or its delay has not passed.
    error WithdrawalNotReady();
    /// @notice More is withdrawn than is unclaimed.
    error WithdrawalAboveBalance();
    /// @notice The refund was signed for another turn.
    error InvalidRefundNonce();

    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME_HASH = keccak256("x402 Batch Settlement");
    bytes32 private constant VERSION_HASH = keccak256("1");

    // --------------------------------------------------------------------------------------------------------- money in

    /// @notice Puts money of the payer into a channel. Anybody may send it: what the payer signed for the collector binds
    /// the channel and the amount.
    function deposit(ChannelConfig calldata config, uint128 amount, address collector, bytes calldata collectorData)
        external
        nonReentrant
    {
        if (
            config.payer == address(0) || config.receiver == address(0) || config.receiverAuthorizer == address(0)
                || config.token == address(0)
        ) revert InvalidChannel();
        if (config.withdrawDelay < MIN_WITHDRAW_DELAY || config.withdrawDelay > MAX_WITHDRAW_DELAY) {
            revert WithdrawDelayOutOfRange();
        }
        if (amount == 0) revert ZeroAmount();
        bytes32 channelId = getChannelId(config);
        ChannelState storage channel = channels[channelId];
        bool isFirst = channel.balance == 0 && channel.totalClaimed == 0;
        uint128 balance = channel.balance + amount;
        channel.balance = balance;
        uint256 before = IERC20(config.token).balanceOf(address(this));
        IDepositCollector(collector).collect(config.payer, config.token, amount, channelId, collectorData);
        if (IERC20(config.token).balanceOf(address(this)) != before + amount) revert DepositNotReceived();
        if (isFirst) emit ChannelCreated(channelId, config);
        emit Deposited(channelId, msg.sender, amount, balance);
    }

    // -------------------------------------------------------------------------------------------------------- claiming

    /// @notice Claims vouchers of channels whose receiver, or receiver's authorizer, is the caller.
    function claim(VoucherClaim[] calldata voucherClaims) external nonReentrant {
        if (voucherClaims.length == 0) revert EmptyBatch();
        for (uint256 i; i < voucherClaims.length; ++i) {
            _requireReceiver(voucherClaims[i].voucher.channel);
            _claim(voucherClaims[i]);
        }
    }

    /// @notice Claims vouchers by a signature of their common authorizer, sent by anybody.
    function claimWithSignature(VoucherClaim[] calldata voucherClaims, bytes calldata authorizerSignature)
        external
        nonReentrant
    {
        if (voucherClaims.length == 0) revert EmptyBatch();
        address authorizer = voucherClaims[0].voucher.channel.receiverAuthorizer;
        if (!SignatureChecker.isValidSignatureNow(authorizer, getClaimBatchDigest(voucherClaims), authorizerSignature)) {
            revert InvalidSignature();
        }
        for (uint256 i; i < voucherClaims.length; ++i) {
            if (voucherClaims[i].voucher.channel.receiverAuthorizer != authorizer) revert AuthorizerMismatch();
            _claim(voucherClaims[i]);
        }
    }

    /// @notice Sends a receiver what it has claimed. Anybody may send it; without anything new it does nothing.
    function settle(address receiver, address token) external nonReentrant {
        ReceiverState storage state = receivers[receiver][token];
        uint128 amount = state.totalClaimed - state.totalSettled;
        if (amount == 0) return;
        state.totalSettled = state.totalClaimed;
        IERC20(token).safeTransfer(receiver, amount);
        emit Settled(receiver, token, msg.sender, amount);
    }

    // -------------------------------------------------------------------------------------------------------- money out

    /// @notice The payer (or its authorizer) announces that it withdraws. Vouchers count until it does.
    function initiateWithdraw(ChannelConfig calldata config, uint128 amount) external nonReentrant {
        _requirePayer(config);
        bytes32 channelId = getChannelId(config);
        WithdrawalState storage pending = pendingWithdrawals[channelId];
        if (amount == 0) revert ZeroAmount();
        if (pending.initiatedAt != 0) revert WithdrawalPending();
        if (amount > _unclaimed(channelId)) revert WithdrawalAboveBalance();
        (pending.amount, pending.initiatedAt) = (amount, uint40(block.timestamp));
        emit WithdrawInitiated(channelId, amount, uint40(block.timestamp) + config.withdrawDelay);
    }

    /// @notice Sends the payer what it announced, as far as it was not claimed meanwhile.
    function finalizeWithdraw(ChannelConfig calldata config) external nonReentrant {
        _requirePayer(config);
        bytes32 channelId = getChannelId(config);
        WithdrawalState memory pending = pendingWithdrawals[channelId];
        if (pending.initiatedAt == 0 || block.timestamp < uint256(pending.initiatedAt) + config.withdrawDelay) {
            revert WithdrawalNotReady();
        }
        uint128 available = _unclaimed(channelId);
        uint128 amount = pending.amount < available ? pending.amount : available;
        delete pendingWithdrawals[channelId];
        _return(config, channelId, amount);
        emit WithdrawFinalized(channelId, msg.sender, amount);
    }

    /// @notice The receiver (or its authorizer) gives money back to the payer, as far as it is unclaimed.
    function refund(ChannelConfig calldata config, uint128 amount) external nonReentrant {
        _requireReceiver(config);
        _refund(config, getChannelId(config), amount);
    }

    /// @notice `refund` by a signature of the receiver's authorizer, sent by anybody.
    function refundWithSignature(
        ChannelConfig calldata config,
        uint128 amount,
        uint256 nonce,
        bytes calldata receiverAuthorizerSignature
    ) external nonReentrant {
        bytes32 channelId = getChannelId(config);
        if (nonce != refundNonce[channelId]) revert InvalidRefundNonce();
        bytes32 digest = getRefundDigest(channelId, nonce, amount);
        if (!SignatureChecker.isValidSignatureNow(config.receiverAuthorizer, digest, receiverAuthorizerSignature)) {
            revert InvalidSignature();
        }
        _refund(config, channelId, amount);
    }

    /// @notice Several calls of this contract in one transaction, all or nothing, in the name of the caller.
    function multicall(bytes[] calldata data) external returns (bytes[] memory results) {
        results = new bytes[](data.length);
        for (uint256 i; i < data.length; ++i) {
            results[i] = Address.functionDelegateCall(address(this), data[i]);
        }
    }

    // ----------------------------------------------------------------------------------------------------------- views

    /// @notice The id of a channel: the EIP-712 hash of its configuration, bound to this chain and contract.
    function getChannelId(ChannelConfig calldata config) public view returns (bytes32) {
        return _digest(
            keccak256(
                abi.encode(
                    CHANNEL_CONFIG_TYPEHASH,
                    config.payer,
                    config.payerAuthorizer,
                    config.receiver,
                    config.receiverAuthorizer,
                    config.token,
                    config.withdrawDelay,
                    config.salt
                )
            )
        );
    }

    /// @notice What signs a voucher.
    function getVoucherDigest(bytes32 channelId, uint128 maxClaimableAmount) public view returns (bytes32) {
        return _digest(keccak256(abi.encode(VOUCHER_TYPEHASH, channelId, maxClaimableAmount)));
    }

    /// @notice What signs a refund.
    function getRefundDigest(bytes32 channelId, uint256 nonce, uint128 amount) public view returns (bytes32) {
        return _digest(keccak256(abi.encode(REFUND_TYPEHASH, channelId, nonce, amount)));
    }

    /// @notice What signs a batch of claims.
    function getClaimBatchDigest(VoucherClaim[] calldata voucherClaims) public view returns (bytes32) {
        bytes32[] memory entries = new bytes32[](voucherClaims.length);
        for (uint256 i; i < voucherClaims.length; ++i) {
            entries[i] = keccak256(
                abi.encode(
                    CLAIM_ENTRY_TYPEHASH,
                    getChannelId(voucherClaims[i].voucher.channel),
                    voucherClaims[i].voucher.maxClaimableAmount,
                    voucherClaims[i].totalClaimed
                )
            );
        }
        return _digest(keccak256(abi.encode(CLAIM_BATCH_TYPEHASH, keccak256(abi.encodePacked(entries)))));
    }

    // --------------------------------------------------------------------------------------------------------- private

    function _digest(bytes32 structHash) private view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, address(this)));
        return MessageHashUtils.toTypedDataHash(domain, structHash);
    }

    function _requireReceiver(ChannelConfig calldata config) private view {
        if (msg.sender != config.receiver && msg.sender != config.receiverAuthorizer) revert NotAuthorized();
    }

    function _requirePayer(ChannelConfig calldata config) private view {
        if (msg.sender != config.payer && msg.sender != config.payerAuthorizer) revert NotAuthorized();
    }

    function _unclaimed(bytes32 channelId) private view returns (uint128) {
        ChannelState storage channel = channels[channelId];
        return channel.balance - channel.totalClaimed;
    }

    /// A claim that brings nothing new is passed over, so that a repeated batch does no harm.
    function _claim(VoucherClaim calldata entry) private {
        ChannelConfig calldata config = entry.voucher.channel;
        bytes32 channelId = getChannelId(config);
        ChannelState storage channel = channels[channelId];
        uint128 claimed = channel.totalClaimed;
        if (entry.totalClaimed <= claimed) return;
        if (entry.totalClaimed > entry.voucher.maxClaimableAmount) revert ClaimAboveVoucher();
        if (entry.totalClaimed > channel.balance) revert ClaimAboveBalance();
        bytes32 digest = getVoucherDigest(channelId, entry.voucher.maxClaimableAmount);
        bool isSigned = config.payerAuthorizer == address(0)
            ? SignatureChecker.isValidSignatureNow(config.payer, digest, entry.signature)
            : _isSignedBy(config.payerAuthorizer, digest, entry.signature);
        if (!isSigned) revert InvalidSignature();
        channel.totalClaimed = entry.totalClaimed;
        receivers[config.receiver][config.token].totalClaimed += entry.totalClaimed - claimed;
        emit Claimed(channelId, msg.sender, entry.totalClaimed - claimed, entry.totalClaimed);
    }

    function _isSignedBy(address key, bytes32 digest, bytes calldata signature) private pure returns (bool) {
        (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        return failure == ECDSA.RecoverError.NoError && recovered == key;
    }

    /// The nonce counts even when nothing is left, so that a signed refund works once at most.
    function _refund(ChannelConfig calldata config, bytes32 channelId, uint128 amount) private {
        if (amount == 0) revert ZeroAmount();
        refundNonce[channelId]++;
        uint128 available = _unclaimed(channelId);
        uint128 returned = amount < available ? amount : available;
        if (returned == 0) return;
        WithdrawalState storage pending = pendingWithdrawals[channelId];
        if (returned >= pending.amount) delete pendingWithdrawals[channelId];
        else pending.amount -= returned;
        _return(config, channelId, returned);
        emit Refunded(channelId, msg.sender, returned);
    }

    function _return(ChannelConfig calldata config, bytes32 channelId, uint128 amount) private {
        if (amount == 0) return;
        channels[channelId].balance -= amount;
        IERC20(config.token).safeTransfer(config.payer, amount);
    }
}

/// @title Deposits by EIP-3009: the payer signs, anybody sends
/// @notice The nonce of the authorization is `keccak256(channelId, salt)`, so it is good for one channel only.
contract Erc3009DepositCollector is IDepositCollector {
    using SafeERC20 for IERC20;

    /// @notice The channel contract that may collect.
    address public immutable settlement;

    /// @notice Only the channel contract may collect; otherwise anybody could divert what a payer signed.
    error NotSettlement();

    /// @param settlement_ The channel contract that may collect.
    constructor(address settlement_) {
        settlement = settlement_;
    }

    /// @inheritdoc IDepositCollector
    /// @param collectorData ABI encoding of (uint256 validAfter, uint256 validBefore, uint256 salt, bytes signature).
    function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes calldata collectorData)
        external
    {
        if (msg.sender != settlement) revert NotSettlement();
        (uint256 validAfter, uint256 validBefore, uint256 salt, bytes memory signature) =
            abi.decode(collectorData, (uint256, uint256, uint256, bytes));
        IReceiveWithAuthorization(token).receiveWithAuthorization(
            payer, address(this), amount, validAfter, validBefore, keccak256(abi.encode(channelId, salt)), signature
        );
        IERC20(token).safeTransfer(settlement, amount);
    }
}
