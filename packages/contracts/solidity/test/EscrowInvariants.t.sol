// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Escrow} from "../Escrow.sol";
import {TestUSDC} from "../TestUSDC.sol";
import {Base} from "./Base.sol";

/// Four accounts, each payer and provider of all others, that do at random whatever the contract offers. A call that must be
/// refused may revert; one that must go through may not.
contract EscrowActor is Base {
    TestUSDC public immutable token = new TestUSDC();
    Escrow public immutable escrow = new Escrow(IERC20(address(token)));
    uint256 public constant ACCOUNTS = 4;
    uint256 public donated;
    uint256 public settled;
    uint256 public consumed;
    uint256 public refused;
    address[] private _accounts;

    constructor() {
        vm.warp(1_700_000_000);
        for (uint256 i; i < ACCOUNTS; ++i) {
            _accounts.push(vm.addr(key(i)));
            token.mint(account(i), 1e15);
            vm.prank(account(i));
            token.approve(address(escrow), type(uint256).max);
        }
    }

    function key(uint256 index) private pure returns (uint256) {
        return 11 + index % ACCOUNTS;
    }

    function account(uint256 index) public view returns (address) {
        return _accounts[index % ACCOUNTS];
    }

    function attempt(uint256 caller, bytes memory data) private returns (bool isDone) {
        vm.prank(account(caller));
        (isDone,) = address(escrow).call(data);
        if (!isDone) ++refused;
    }

    function deposit(uint256 i, uint256 amount) external {
        vm.prank(account(i));
        escrow.deposit(within(amount, 1, 1e10));
    }

    function depositFor(uint256 i, uint256 j, uint256 amount) external {
        vm.prank(account(i));
        escrow.depositFor(account(j), within(amount, 1, 1e10));
    }

    function donate(uint256 i, uint256 amount) external {
        amount = within(amount, 1, 1e6);
        vm.prank(account(i));
        require(token.transfer(address(escrow), amount));
        donated += amount;
    }

    function withdraw(uint256 i, uint256 j, uint256 amount) external {
        uint256 free = escrow.balanceOf(account(i));
        bool isDone = attempt(i, abi.encodeCall(Escrow.withdraw, (account(j), amount = within(amount, 1, 1e10))));
        check(isDone == (amount <= free), "free money is always withdrawable, and nothing else");
    }

    function open(uint256 i, uint256 j, Escrow.Opening memory opening) external {
        (opening.payer, opening.provider, opening.signer) = (account(i), account(j), account(i));
        (opening.budget, opening.amount) = (uint128(within(opening.budget, 0, 2e10)), within(opening.amount, 1, 1e10));
        (opening.validAfter, opening.validBefore) = (0, block.timestamp + 1);
        bytes32 nonce = escrow.openNonce(
            opening.payer, opening.provider, opening.priceCap, opening.budget, opening.signer, opening.salt
        );
        bytes memory signature =
            signReceive(token, key(i), address(escrow), opening.amount, opening.validBefore, nonce);
        attempt(j, abi.encodeCall(Escrow.openWithAuthorization, (opening, signature)));
    }

    function approve(uint256 i, uint256 j, uint256 cap, uint256 budget, bool hasSession) external {
        address signer = hasSession ? account(i % ACCOUNTS + 1) : address(0);
        attempt(
            i,
            abi.encodeCall(
                Escrow.approve, (account(j), uint128(within(cap, 0, 1e9)), uint128(within(budget, 0, 2e10)), signer)
            )
        );
    }

    function raise(uint256 i, uint256 j, uint256 more) external {
        Escrow.Grant memory grant = escrow.grant(account(i), account(j));
        uint128 budget = grant.budget + uint128(within(more, 0, 1e9));
        attempt(i, abi.encodeCall(Escrow.approve, (account(j), grant.priceCap, budget, grant.signer)));
    }

    function revoke(uint256 i, uint256 j) external {
        attempt(i, abi.encodeCall(Escrow.revoke, (account(j))));
    }

    function close(uint256 i, uint256 j, uint256 caller, uint256 delay) external {
        later(within(delay, 0, 1 days));
        Escrow.Grant memory grant = escrow.grant(account(i), account(j));
        uint256 free = escrow.balanceOf(account(i));
        if (!attempt(caller, abi.encodeCall(Escrow.close, (account(i), account(j))))) return;
        equal(escrow.balanceOf(account(i)), free + grant.budget - grant.spent);
    }

    function consume(uint256 i, uint256 j, uint256 price) external {
        uint256 before = escrow.balanceOf(account(j));
        attempt(j, abi.encodeCall(Escrow.consume, (account(i), uint128(within(price, 0, 1e9)))));
        consumed += escrow.balanceOf(account(j)) - before;
    }

    function settle(uint256 j, uint256[3] calldata payers, uint128[3] calldata amounts, uint256 mistakes) external {
        Escrow.Voucher[] memory entries = new Escrow.Voucher[](3);
        address provider = account(j);
        for (uint256 n; n < 3; ++n) {
            uint256 index = payers[n] % ACCOUNTS;
            address payer = account(index);
            Escrow.Grant memory grant = escrow.grant(payer, provider);
            uint32 epoch = grant.epoch;
            if (mistakes >> n & 1 == 1 && epoch != 0) --epoch;
            uint256 signer = grant.signer == account(index + 1) ? index + 1 : index;
            if (mistakes >> (n + 3) & 3 == 1) ++signer;
            uint128 amount = amounts[n] % 4 == 0 ? amounts[n] : uint128(grant.spent + amounts[n] % 1e9);
            bytes memory signature = sign(key(signer), escrow.voucherDigest(payer, provider, epoch, amount));
            entries[n] = Escrow.Voucher(payer, epoch, amount, signature);
        }
        uint256 before = escrow.balanceOf(provider);
        uint256 paid = escrow.settle(provider, entries);
        equal(escrow.balanceOf(provider), before + paid);
        settled += paid;
    }

    function trial(uint256 i, uint256 j, uint128 amount, uint256 until) external {
        vm.prank(account(j));
        escrow.grantTrial(account(i), amount, uint40(block.timestamp + within(until, 0, 1 days)));
    }
}

contract EscrowInvariantsTest is Base {
    EscrowActor private actor;

    function setUp() public {
        actor = new EscrowActor();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(actor);
    }

    /// The three of the issue, checked together after every call:
    /// token balance = free + reserved (and what was sent here by mistake), sum of open budgets = reserved, spent <= budget;
    /// and the sum of the balances of all accounts is what is free.
    function invariant_everyDollarIsAccountedFor() public view {
        Escrow escrow = actor.escrow();
        uint256 open;
        uint256 free;
        for (uint256 i; i < actor.ACCOUNTS(); ++i) {
            free += escrow.balanceOf(actor.account(i));
            for (uint256 j; j < actor.ACCOUNTS(); ++j) {
                Escrow.Grant memory grant = escrow.grant(actor.account(i), actor.account(j));
                check(grant.spent <= grant.budget, "spent above budget");
                open += grant.budget - grant.spent;
            }
        }
        equal(open, escrow.totalReserved());
        equal(free, escrow.totalFree());
        equal(actor.token().balanceOf(address(escrow)), free + open + actor.donated());
    }
}
