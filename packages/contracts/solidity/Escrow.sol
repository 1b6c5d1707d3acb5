// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IReceiveWithAuthorization} from "./IReceiveWithAuthorization.sol";

/// @title One token held for payers, and paid out to the providers they chose
/// @notice A payer has a free balance, which is withdrawable at any moment, and grants: budgets reserved for one provider
/// each. A provider is paid from its grant in two ways: call by call (`consume`), or by cumulative vouchers that the payer
/// signs off-chain and anybody may bring here (`settle`).
///
/// What holds, whoever calls what:
/// - the token balance of this contract is at least `totalFree + totalReserved` (equal, unless somebody sends it tokens by
///   a plain transfer, which belong to nobody and stay here);
/// - `totalReserved` is the sum of `budget - spent` over all grants, and `totalFree` the sum of all free balances;
/// - the money of a grant reaches its provider, or goes back to its payer, and nobody else;
/// - the terms under which a voucher was given (signer, price cap, budget) never get worse for the provider before the grant
///   has been revoked and its notice has run out.
///
/// There is no owner, no upgrade and no fee. The token must be one that neither charges fees in transfers nor changes
/// balances by itself: it is fixed when the contract is made.
contract Escrow is EIP712, Nonces, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice What a payer promised a provider.
    /// @param budget Cumulative ceiling of this epoch, in atomic units; `budget - spent` is held reserved.
    /// @param spent Cumulative amount already paid out in this epoch, consumed and by vouchers together.
    /// @param signer Key that signs vouchers; the zero address means the payer's own.
    /// @param unlockAt Zero while the grant is active. Once revoked: the second from which nothing is paid out any more.
    /// @param epoch Counts the closings of this grant. A voucher is good in its own epoch only.
    /// @param priceCap The most that a single `consume` may take from the budget.
    struct Grant {
        uint128 budget;
        uint128 spent;
        address signer;
        uint40 unlockAt;
        uint32 epoch;
        uint128 priceCap;
    }

    /// @notice A payer's signed statement: in this epoch the provider may have taken this much in all.
    /// @param signature 65 bytes r, s, v over the `Voucher` typed data (see `voucherDigest`), by a key, never by a contract.
    struct Voucher {
        address payer;
        uint32 epoch;
        uint128 cumulative;
        bytes signature;
    }

    /// @notice A deposit and a grant in one: `amount` moves here by an EIP-3009 authorization with these bounds of time, and
    /// what exceeds the rise of the budget stays free.
    struct Opening {
        address payer;
        address provider;
        uint128 priceCap;
        uint128 budget;
        address signer;
        uint256 amount;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 salt;
    }

    /// @notice Free calls a provider gives a user: a counter, backed by no money.
    struct Trial {
        uint128 amount;
        uint40 expiry;
    }

    /// @notice EIP-712 type of a voucher.
    bytes32 public constant VOUCHER_TYPEHASH =
        keccak256("Voucher(address payer,address provider,uint32 epoch,uint128 cumulative)");
    /// @notice EIP-712 type of a grant made by signature.
    bytes32 public constant APPROVE_TYPEHASH = keccak256(
        "Approve(address payer,address provider,uint128 priceCap,uint128 budget,address signer,uint256 nonce,uint256 deadline)"
    );
    /// @notice Seconds between a revocation and the return of the budget, in which the provider can bring its vouchers.
    uint40 public constant UNLOCK_DELAY = 1 days;

    /// @notice The one token held here.
    IERC20 public immutable token;
    /// @notice Free balance of an account, in atomic units.
    mapping(address account => uint256) public balanceOf;
    /// @notice Free calls by provider and user.
    mapping(address provider => mapping(address user => Trial)) public trials;
    mapping(address payer => mapping(address provider => Grant)) private _grants;
    uint128 private _totalFree;
    uint128 private _totalReserved;

    /// @notice Money came in for `account`, paid by `from`.
    event Deposited(address indexed account, address indexed from, uint256 amount);
    /// @notice Free money of `account` left to `to`.
    event Withdrawn(address indexed account, address indexed to, uint256 amount);
    /// @notice The terms of a grant as they stand now.
    event Approved(
        address indexed payer, address indexed provider, uint32 epoch, uint128 priceCap, uint128 budget, address signer
    );
    /// @notice The payer gave notice: bring your vouchers before `unlockAt`.
    event Revoking(address indexed payer, address indexed provider, uint32 epoch, uint40 unlockAt);
    /// @notice The grant of this epoch is over and what was left went back to the payer.
    event Closed(address indexed payer, address indexed provider, uint32 epoch, uint128 returned);
    /// @notice A provider was paid `amount`, and `fromTrial` was taken from free calls on top.
    event Consumed(
        address indexed payer, address indexed provider, uint32 epoch, uint128 amount, uint128 fromTrial
    );
    /// @notice A provider gave a user free calls.
    event TrialGranted(address indexed provider, address indexed user, uint128 amount, uint40 expiry);

    /// @notice No money arrived, or the amount is zero.
    error NothingDeposited();
    /// @notice The free balance is smaller than what was asked of it.
    error InsufficientBalance(uint256 available, uint256 wanted);
    /// @notice Money cannot be sent to the zero address or to this contract.
    error InvalidRecipient(address to);
    /// @notice A grant needs a provider other than the payer.
    error InvalidProvider(address provider);
    /// @notice The terms of an active grant may only be raised; to lower them or to change the signer, revoke and close it.
    error TermsOnlyGrow();
    /// @notice The price is above what the payer allowed for one call.
    error PriceAboveCap(uint128 price, uint128 priceCap);
    /// @notice The grant has less left than the price.
    error BudgetExceeded(uint128 available, uint128 price);
    /// @notice The signature is not the payer's.
    error InvalidSignature();
    /// @notice The signed deadline has passed.
    error DeadlinePassed(uint256 deadline);
    /// @notice There is no open grant.
    error NoGrant();
    /// @notice The grant is being revoked; it can be closed from `unlockAt` on.
    error Revoked(uint40 unlockAt);

    /// @param token_ The one token: no transfer fees, no rebasing; for `openWithAuthorization` it must know EIP-3009 with
    /// signatures as bytes (USDC from FiatToken 2.2 on).
    constructor(IERC20 token_) EIP712("Freehold Escrow", "1") {
        token = token_;
    }

    // ------------------------------------------------------------------------------------------------ money in and out

    /// @notice Adds to the caller's free balance. Needs an allowance of the token.
    function deposit(uint256 amount) external nonReentrant {
        _pull(msg.sender, amount);
    }

    /// @notice Adds to somebody else's free balance. Changes nothing else of theirs: a notice period goes on running.
    function depositFor(address account, uint256 amount) external nonReentrant {
        if (account == address(0)) revert InvalidRecipient(account);
        _pull(account, amount);
    }

    /// @notice Deposit with an EIP-2612 permit. If somebody has used the permit already (it is public once sent), the
    /// allowance it gave is there, and the deposit goes through all the same.
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external nonReentrant {
        try IERC20Permit(address(token)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _pull(msg.sender, amount);
    }

    /// @notice Deposits by an EIP-3009 authorization and opens a grant, in one transaction that anybody may send. The nonce
    /// of the authorization is `openNonce` of the terms, so whoever sends it cannot change them.
    /// @param signature The payer's, over `ReceiveWithAuthorization` of the token; contract wallets by ERC-1271.
    function openWithAuthorization(Opening calldata opening, bytes calldata signature) external nonReentrant {
        uint256 before = token.balanceOf(address(this));
        _receive(opening, _openNonce(opening), signature);
        _credit(opening.payer, opening.payer, before);
        _approve(opening.payer, opening.provider, opening.priceCap, opening.budget, opening.signer);
    }

    /// @notice Sends free money of the caller anywhere, at once.
    function withdraw(address to, uint256 amount) external nonReentrant {
        if (to == address(0) || to == address(this)) revert InvalidRecipient(to);
        uint256 available = balanceOf[msg.sender];
        if (amount == 0 || amount > available) revert InsufficientBalance(available, amount);
        balanceOf[msg.sender] = available - amount;
        _totalFree -= uint128(amount);
        token.safeTransfer(to, amount);
        emit Withdrawn(msg.sender, to, amount);
    }

    // ---------------------------------------------------------------------------------------------------------- grants

    /// @notice Reserves money of the caller's free balance for a provider. While a grant is active its budget and price cap
    /// may only grow and its signer stays, because the provider may already have worked on the strength of them.
    /// @param budget New cumulative ceiling of this epoch; the rise is taken from the free balance.
    /// @param signer Key that will sign vouchers, so that the wallet need not be asked at every call; zero for the caller's
    /// own. A contract wallet must name one: vouchers are verified by key recovery only.
    function approve(address provider, uint128 priceCap, uint128 budget, address signer) external {
        _approve(msg.sender, provider, priceCap, budget, signer);
    }

    /// @notice `approve` by a signature of the payer (EIP-712 `Approve` with the payer's next nonce), sent by anybody.
    function approveBySig(
        address payer,
        address provider,
        uint128 priceCap,
        uint128 budget,
        address signer,
        uint256 deadline,
        bytes calldata signature
    ) external {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline);
        bytes32 structHash = keccak256(
            abi.encode(APPROVE_TYPEHASH, payer, provider, priceCap, budget, signer, _useNonce(payer), deadline)
        );
        if (!SignatureChecker.isValidSignatureNow(payer, _hashTypedDataV4(structHash), signature)) revert InvalidSignature();
        _approve(payer, provider, priceCap, budget, signer);
    }

    /// @notice Makes what the caller signed for `approveBySig` and nobody has sent yet worthless.
    function cancelSignedApproval() external {
        _useNonce(msg.sender);
    }

    /// @notice Gives notice to a provider. It is paid for `UNLOCK_DELAY` longer; then `close` returns what is left.
    function revoke(address provider) external {
        Grant storage grant_ = _grants[msg.sender][provider];
        if (grant_.budget == 0) revert NoGrant();
        if (grant_.unlockAt != 0) revert Revoked(grant_.unlockAt);
        uint40 unlockAt = uint40(block.timestamp) + UNLOCK_DELAY;
        grant_.unlockAt = unlockAt;
        emit Revoking(msg.sender, provider, grant_.epoch, unlockAt);
    }

    /// @notice Ends a grant and returns what is left of it to the payer's free balance. The provider may do so at any time,
    /// anybody else once the notice has run out. Vouchers of the ended epoch are worthless from now on.
    function close(address payer, address provider) external {
        Grant storage grant_ = _grants[payer][provider];
        if (grant_.budget == 0) revert NoGrant();
        if (msg.sender != provider) {
            if (grant_.unlockAt == 0) revert NoGrant();
            if (block.timestamp < grant_.unlockAt) revert Revoked(grant_.unlockAt);
        }
        uint128 returned = grant_.budget - grant_.spent;
        uint32 epoch = grant_.epoch;
        _grants[payer][provider] = Grant(0, 0, address(0), 0, epoch + 1, 0);
        _totalReserved -= returned;
        _totalFree += returned;
        balanceOf[payer] += returned;
        emit Closed(payer, provider, epoch, returned);
    }

    // -------------------------------------------------------------------------------------------------------- charging

    /// @notice The calling provider charges one call of a payer: free calls first, the rest from the grant, up to its price
    /// cap.
    function consume(address payer, uint128 price) external {
        Grant storage grant_ = _grants[payer][msg.sender];
        uint128 fromTrial = _useTrial(msg.sender, payer, price);
        uint128 amount = price - fromTrial;
        if (amount != 0) {
            if (_isOver(grant_.unlockAt)) revert Revoked(grant_.unlockAt);
            if (amount > grant_.priceCap) revert PriceAboveCap(amount, grant_.priceCap);
            uint128 available = grant_.budget - grant_.spent;
            if (amount > available) revert BudgetExceeded(available, amount);
            grant_.spent += amount;
            _pay(msg.sender, amount);
        }
        emit Consumed(payer, msg.sender, grant_.epoch, amount, fromTrial);
    }

    /// @notice Pays a provider by vouchers of many payers. Anybody may send it, for instance a watch-tower. A voucher pays
    /// what it says beyond what is spent already, up to the budget; one that is old, forged or of a closed grant is skipped,
    /// so that no payer can spoil the settlement of the others. No code of a payer is ever called.
    /// @return paid Atomic units added to the provider's free balance.
    function settle(address provider, Voucher[] calldata vouchers) external returns (uint128 paid) {
        for (uint256 i; i < vouchers.length; ++i) {
            Voucher calldata voucher = vouchers[i];
            Grant storage grant_ = _grants[voucher.payer][provider];
            (uint128 budget, uint128 spent) = (grant_.budget, grant_.spent);
            uint128 upTo = voucher.cumulative < budget ? voucher.cumulative : budget;
            if (upTo <= spent) continue;
            if (voucher.epoch != grant_.epoch || _isOver(grant_.unlockAt)) continue;
            address signer = grant_.signer == address(0) ? voucher.payer : grant_.signer;
            bytes32 digest = voucherDigest(voucher.payer, provider, voucher.epoch, voucher.cumulative);
            (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, voucher.signature);
            if (failure != ECDSA.RecoverError.NoError || recovered != signer) continue;
            grant_.spent = upTo;
            paid += upTo - spent;
            emit Consumed(voucher.payer, provider, voucher.epoch, upTo - spent, 0);
        }
        if (paid != 0) _pay(provider, paid);
    }

    // -------------------------------------------------------------------------------------------------- trial credits

    /// @notice Gives a user free calls with the calling provider, in place of any given before. They are a promise of the
    /// provider to itself: no money stands behind them, and nobody can withdraw them.
    /// @param expiry Last second in which they count.
    function grantTrial(address user, uint128 amount, uint40 expiry) external {
        trials[msg.sender][user] = Trial(amount, expiry);
        emit TrialGranted(msg.sender, user, amount, expiry);
    }

    // ----------------------------------------------------------------------------------------------------------- views

    /// @notice The grant of a payer to a provider.
    function grant(address payer, address provider) external view returns (Grant memory) {
        return _grants[payer][provider];
    }

    /// @notice What a provider can still charge a payer, free calls included, and the most for a single call.
    function allowance(address payer, address provider) external view returns (uint256 available, uint256 pricePerRequest) {
        Grant storage grant_ = _grants[payer][provider];
        if (!_isOver(grant_.unlockAt)) (available, pricePerRequest) = (grant_.budget - grant_.spent, grant_.priceCap);
        Trial storage trial = trials[provider][payer];
        if (block.timestamp <= trial.expiry) available += trial.amount;
    }

    /// @notice Sum of all free balances.
    function totalFree() external view returns (uint256) {
        return _totalFree;
    }

    /// @notice Sum of what is left of all grants.
    function totalReserved() external view returns (uint256) {
        return _totalReserved;
    }

    /// @notice What the signer of a voucher signs.
    function voucherDigest(address payer, address provider, uint32 epoch, uint128 cumulative)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(keccak256(abi.encode(VOUCHER_TYPEHASH, payer, provider, epoch, cumulative)));
    }

    /// @notice The EIP-3009 nonce by which an authorization is bound to the terms of `openWithAuthorization`.
    function openNonce(address payer, address provider, uint128 priceCap, uint128 budget, address signer, bytes32 salt)
        public
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(payer, provider, priceCap, budget, signer, salt));
    }

    /// @notice What wallets call the EIP-712 domain separator.
    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    // --------------------------------------------------------------------------------------------------------- private

    function _pull(address account, uint256 amount) private {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        _credit(account, msg.sender, before);
    }

    /// Credits what arrived, whatever the token says it moved.
    function _credit(address account, address from, uint256 balanceBefore) private {
        uint256 arrived = token.balanceOf(address(this)) - balanceBefore;
        if (arrived == 0) revert NothingDeposited();
        balanceOf[account] += arrived;
        _totalFree = SafeCast.toUint128(_totalFree + arrived);
        emit Deposited(account, from, arrived);
    }

    function _openNonce(Opening calldata opening) private pure returns (bytes32) {
        return openNonce(
            opening.payer, opening.provider, opening.priceCap, opening.budget, opening.signer, opening.salt
        );
    }

    function _receive(Opening calldata opening, bytes32 nonce, bytes calldata signature) private {
        IReceiveWithAuthorization(address(token)).receiveWithAuthorization(
            opening.payer,
            address(this),
            opening.amount,
            opening.validAfter,
            opening.validBefore,
            nonce,
            signature
        );
    }

    function _approve(address payer, address provider, uint128 priceCap, uint128 budget, address signer) private {
        if (provider == address(0) || provider == payer) revert InvalidProvider(provider);
        Grant storage grant_ = _grants[payer][provider];
        uint128 before = grant_.budget;
        if (grant_.unlockAt != 0) revert Revoked(grant_.unlockAt);
        if (before != 0 && (budget < before || priceCap < grant_.priceCap || signer != grant_.signer)) revert TermsOnlyGrow();
        uint128 rise = budget - before;
        uint256 available = balanceOf[payer];
        if (rise > available) revert InsufficientBalance(available, rise);
        balanceOf[payer] = available - rise;
        _totalFree -= rise;
        _totalReserved += rise;
        (grant_.budget, grant_.priceCap, grant_.signer) = (budget, priceCap, signer);
        emit Approved(payer, provider, grant_.epoch, priceCap, budget, signer);
    }

    function _isOver(uint40 unlockAt) private view returns (bool) {
        return unlockAt != 0 && block.timestamp >= unlockAt;
    }

    function _useTrial(address provider, address user, uint128 price) private returns (uint128 used) {
        Trial storage trial = trials[provider][user];
        uint128 left = trial.amount;
        if (left == 0 || block.timestamp > trial.expiry) return 0;
        used = left < price ? left : price;
        trial.amount = left - used;
    }

    /// Reserved money becomes free money of the provider, who withdraws it itself: a recipient that the token refuses harms
    /// nobody else.
    function _pay(address provider, uint128 amount) private {
        _totalReserved -= amount;
        _totalFree += amount;
        balanceOf[provider] += amount;
    }
}
