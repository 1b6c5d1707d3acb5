// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// @title Names of providers, without an authority
/// @notice First come, first served, at the price of a bond that comes back when the name is given up. A name is announced
/// by a commitment first, so that nobody who sees the registration can take the name before it. Names are one DNS label of
/// small ASCII letters, digits and single hyphens: they fit into host names as they are, and none looks like another.
///
/// Nodes and getters are those of ERC-137 (ENS): `node = keccak256(rootNode, keccak256(label))`, so that the namespace can
/// hang under an ENS name whose node is `rootNode`. There are no subnodes, no owner of the whole, no expiry and no fee.
contract Registry is ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice One name.
    /// @param releasableAt Zero, or the second from which the name given up is free and its bond is its owner's.
    /// @param ttl Seconds for which a reader may keep what it read.
    /// @param releases Counts how often the name came free: what earlier owners wrote elsewhere is no longer valid.
    struct Record {
        address owner;
        uint40 releasableAt;
        address resolver;
        uint64 ttl;
        uint128 bond;
        uint64 releases;
    }

    /// @notice Seconds between a commitment and its registration: longer than a chain reorganises, shorter than one forgets.
    uint256 public constant MIN_COMMITMENT_AGE = 1 minutes;
    /// @notice Seconds after which a commitment is worthless.
    uint256 public constant MAX_COMMITMENT_AGE = 1 days;
    /// @notice Seconds for which a name that was given up stays with its owner, and its bond here.
    uint40 public constant RELEASE_DELAY = 7 days;
    /// @notice `ttl` of a new name.
    uint64 public constant DEFAULT_TTL = 5 minutes;

    /// @notice The node under which all names are.
    bytes32 public immutable rootNode;
    /// @notice The token of the bonds.
    IERC20 public immutable token;
    /// @notice Bond of a name, in atomic units of the token.
    uint128 public immutable bondAmount;

    /// @notice When a commitment was made, or zero.
    mapping(bytes32 commitment => uint256 madeAt) public commitments;
    /// @notice Bonds that came free and were not fetched yet.
    mapping(address account => uint256) public refundable;
    mapping(bytes32 node => Record) private _records;

    /// @notice ERC-137: the owner of a new name.
    event NewOwner(bytes32 indexed node, bytes32 indexed label, address owner);
    /// @notice ERC-137: a name changed hands; to the zero address when it came free.
    event Transfer(bytes32 indexed node, address owner);
    /// @notice ERC-137.
    event NewResolver(bytes32 indexed node, address resolver);
    /// @notice ERC-137.
    event NewTTL(bytes32 indexed node, uint64 ttl);
    /// @notice The name in clear.
    event NameRegistered(string label, bytes32 indexed node, address indexed owner);
    /// @notice The owner gives the name up at `releasableAt`, or (zero) keeps it after all.
    event Releasing(bytes32 indexed node, uint40 releasableAt);
    /// @notice A bond was fetched.
    event BondReturned(address indexed account, address indexed to, uint256 amount);

    /// @notice The name is somebody's.
    error NameTaken(bytes32 node);
    /// @notice 3 to 63 of a-z, 0-9 and single hyphens, none at the ends.
    error InvalidLabel(string label);
    /// @notice The same commitment is still open.
    error CommitmentOpen();
    /// @notice There is no such commitment, or it is too old: commit again.
    error NoCommitment();
    /// @notice The commitment must be a minute old.
    error CommitmentTooNew(uint256 registrableAt);
    /// @notice The caller does not own the name.
    error NotOwner(bytes32 node);
    /// @notice The zero address cannot own or receive anything; to give a name up, unregister it.
    error InvalidOwner();
    /// @notice The name is not given up, or its delay has not passed.
    error NotReleasable(uint40 releasableAt);
    /// @notice There is nothing to fetch.
    error NothingRefundable();

    /// @param rootNode_ Node under which the names are: the namehash of the name that the namespace hangs under.
    constructor(bytes32 rootNode_, IERC20 token_, uint128 bondAmount_) {
        (rootNode, token, bondAmount) = (rootNode_, token_, bondAmount_);
    }

    // --------------------------------------------------------------------------------------------------- registration

    /// @notice What is announced for a registration. The secret keeps the name unknown until it is registered.
    function makeCommitment(string calldata label, address owner_, address resolver_, bytes32 secret)
        public
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(label, owner_, resolver_, secret));
    }

    /// @notice Announces a registration. Whoever copies the announcement of another registers for that other.
    function commit(bytes32 commitment) external {
        if (commitments[commitment] + MAX_COMMITMENT_AGE >= block.timestamp) revert CommitmentOpen();
        commitments[commitment] = block.timestamp;
    }

    /// @notice Registers an announced name for its announced owner. The caller pays the bond (an allowance of the token is
    /// needed); the owner of the name gets it back.
    function register(string calldata label, address owner_, address resolver_, bytes32 secret)
        external
        nonReentrant
        returns (bytes32 node)
    {
        if (!isValid(label)) revert InvalidLabel(label);
        if (owner_ == address(0)) revert InvalidOwner();
        bytes32 commitment = makeCommitment(label, owner_, resolver_, secret);
        uint256 madeAt = commitments[commitment];
        if (block.timestamp > madeAt + MAX_COMMITMENT_AGE) revert NoCommitment();
        if (block.timestamp < madeAt + MIN_COMMITMENT_AGE) revert CommitmentTooNew(madeAt + MIN_COMMITMENT_AGE);
        delete commitments[commitment];
        node = nodeOf(label);
        Record storage record = _records[node];
        if (record.owner != address(0)) revert NameTaken(node);
        (record.owner, record.resolver, record.ttl) = (owner_, resolver_, DEFAULT_TTL);
        if (bondAmount != 0) {
            uint256 before = token.balanceOf(address(this));
            token.safeTransferFrom(msg.sender, address(this), bondAmount);
            record.bond = uint128(token.balanceOf(address(this)) - before);
        }
        emit NewOwner(rootNode, keccak256(bytes(label)), owner_);
        emit NewResolver(node, resolver_);
        emit NewTTL(node, DEFAULT_TTL);
        emit NameRegistered(label, node, owner_);
    }

    /// @notice Gives a name up. It stays as it is for `RELEASE_DELAY`, so that nobody changes names as often as they like;
    /// then `release` frees it.
    function unregister(bytes32 node) external {
        Record storage record = _ownRecord(node);
        if (record.releasableAt != 0) revert NotReleasable(record.releasableAt);
        record.releasableAt = uint40(block.timestamp) + RELEASE_DELAY;
        emit Releasing(node, record.releasableAt);
    }

    /// @notice Keeps a name that was about to be given up.
    function keep(bytes32 node) external {
        _ownRecord(node).releasableAt = 0;
        emit Releasing(node, 0);
    }

    /// @notice Frees a name whose delay has passed; anybody may. Its last owner can fetch the bond.
    function release(bytes32 node) external {
        Record memory record = _records[node];
        if (record.releasableAt == 0 || block.timestamp < record.releasableAt) revert NotReleasable(record.releasableAt);
        _records[node] = Record(address(0), 0, address(0), 0, 0, record.releases + 1);
        refundable[record.owner] += record.bond;
        emit Transfer(node, address(0));
    }

    /// @notice Fetches the caller's bonds that came free.
    function fetchBond(address to) external nonReentrant {
        uint256 amount = refundable[msg.sender];
        if (amount == 0) revert NothingRefundable();
        refundable[msg.sender] = 0;
        token.safeTransfer(to, amount);
        emit BondReturned(msg.sender, to, amount);
    }

    // ---------------------------------------------------------------------------------------------------------- owners

    /// @notice ERC-137: hands a name over, with its bond and its records. A name that is being given up is kept by that.
    function setOwner(bytes32 node, address owner_) external {
        Record storage record = _ownRecord(node);
        if (owner_ == address(0)) revert InvalidOwner();
        (record.owner, record.releasableAt) = (owner_, 0);
        emit Transfer(node, owner_);
    }

    /// @notice ERC-137.
    function setResolver(bytes32 node, address resolver_) external {
        _ownRecord(node).resolver = resolver_;
        emit NewResolver(node, resolver_);
    }

    /// @notice ERC-137: seconds for which a reader may keep what it read.
    function setTTL(bytes32 node, uint64 ttl_) external {
        _ownRecord(node).ttl = ttl_;
        emit NewTTL(node, ttl_);
    }

    // ----------------------------------------------------------------------------------------------------------- views

    /// @notice ERC-137.
    function owner(bytes32 node) external view returns (address) {
        return _records[node].owner;
    }

    /// @notice ERC-137.
    function resolver(bytes32 node) external view returns (address) {
        return _records[node].resolver;
    }

    /// @notice ERC-137.
    function ttl(bytes32 node) external view returns (uint64) {
        return _records[node].ttl;
    }

    /// @notice ERC-137.
    function recordExists(bytes32 node) external view returns (bool) {
        return _records[node].owner != address(0);
    }

    /// @notice All that is kept of a name.
    function recordOf(bytes32 node) external view returns (Record memory) {
        return _records[node];
    }

    /// @notice The node of a label under `rootNode`.
    function nodeOf(string calldata label) public view returns (bytes32) {
        return keccak256(abi.encodePacked(rootNode, keccak256(bytes(label))));
    }

    /// @notice Whether a label may be registered: a DNS label of 3 to 63 characters a-z, 0-9 and single inner hyphens.
    function isValid(string calldata label) public pure returns (bool) {
        bytes calldata text = bytes(label);
        if (text.length < 3 || text.length > 63) return false;
        bool wasHyphen = true;
        for (uint256 i; i < text.length; ++i) {
            bytes1 character = text[i];
            bool isHyphen = character == "-";
            bool isLetter = character >= "a" && character <= "z";
            bool isDigit = character >= "0" && character <= "9";
            if (isHyphen ? wasHyphen : !isLetter && !isDigit) return false;
            wasHyphen = isHyphen;
        }
        return !wasHyphen;
    }

    function _ownRecord(bytes32 node) private view returns (Record storage record) {
        record = _records[node];
        if (record.owner != msg.sender) revert NotOwner(node);
    }
}
