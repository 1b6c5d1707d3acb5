// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {Registry} from "./Registry.sol";

/// @title What a name stands for
/// @notice One resolver for all: the owner of a name in the registry writes its records here. Addresses (ENSIP-1, 9 and 11),
/// texts (ENSIP-5; the provider's server is the text `url`), a content hash (ENSIP-7), and the keys that others encrypt to.
/// Records end with the registration of the name: whoever registers it after it was given up begins with none. `resolve`
/// (ENSIP-10) answers for names below the registry's root, so that the namespace can hang under an ENS name.
///
/// Everything here is what an owner says about itself. A reader that connects to a `url` must treat it as hostile input.
contract Resolver is ERC165 {
    /// @notice A key to encrypt to.
    /// @param key Its form is the suite's.
    /// @param proof Whatever shows whose key it is, for instance a dstack signature chain; its form is the suite's too.
    struct EncryptionKey {
        bytes key;
        bytes proof;
    }

    /// @notice Coin type of Ethereum (SLIP-44).
    uint256 public constant COIN_TYPE_ETH = 60;
    /// @notice Coin type of an EVM chain: this, and the chain id (ENSIP-11).
    uint256 public constant COIN_TYPE_EVM = 0x80000000;

    /// @notice Where the owners of names stand.
    Registry public immutable registry;

    /// @notice Counts how often the records of a node were cleared.
    mapping(bytes32 node => uint64) public recordVersions;
    mapping(bytes32 key => mapping(uint256 coinType => bytes)) private _addresses;
    mapping(bytes32 key => mapping(string name => string)) private _texts;
    mapping(bytes32 key => bytes) private _contenthashes;
    mapping(bytes32 key => mapping(uint16 suite => EncryptionKey)) private _encryptionKeys;

    /// @notice ENSIP-1.
    event AddrChanged(bytes32 indexed node, address a);
    /// @notice ENSIP-9.
    event AddressChanged(bytes32 indexed node, uint256 coinType, bytes newAddress);
    /// @notice ENSIP-5.
    event TextChanged(bytes32 indexed node, string indexed indexedKey, string key, string value);
    /// @notice ENSIP-7.
    event ContenthashChanged(bytes32 indexed node, bytes hash);
    /// @notice A key to encrypt to was set, or (empty) taken back.
    event EncryptionKeyChanged(bytes32 indexed node, uint16 indexed suite, bytes key, bytes proof);
    /// @notice All records of a node were cleared.
    event VersionChanged(bytes32 indexed node, uint64 newVersion);

    /// @notice The caller does not own the name.
    error NotOwner(bytes32 node);
    /// @notice An address on an EVM chain has 20 bytes.
    error InvalidAddress(uint256 coinType, bytes value);
    /// @notice The name is not the one that the call asks for, or is not encoded as in DNS.
    error InvalidName(bytes name);

    /// @param registry_ Where the owners of names stand.
    constructor(Registry registry_) {
        registry = registry_;
    }

    modifier onlyOwner(bytes32 node) {
        if (registry.owner(node) != msg.sender) revert NotOwner(node);
        _;
    }

    // --------------------------------------------------------------------------------------------------------- writing

    /// @notice Forgets all records of a node.
    function clearRecords(bytes32 node) external onlyOwner(node) {
        emit VersionChanged(node, ++recordVersions[node]);
    }

    /// @notice ENSIP-1: the address on Ethereum.
    function setAddr(bytes32 node, address a) external onlyOwner(node) {
        _setAddress(node, COIN_TYPE_ETH, abi.encodePacked(a));
    }

    /// @notice ENSIP-9 and 11: the address on any chain; empty to take it back.
    function setAddr(bytes32 node, uint256 coinType, bytes calldata value) external onlyOwner(node) {
        bool isEvm = coinType == COIN_TYPE_ETH || (coinType >= COIN_TYPE_EVM && coinType < 2 * COIN_TYPE_EVM);
        if (isEvm && value.length != 20 && value.length != 0) revert InvalidAddress(coinType, value);
        _setAddress(node, coinType, value);
    }

    /// @notice ENSIP-5.
    function setText(bytes32 node, string calldata key, string calldata value) external onlyOwner(node) {
        _texts[_key(node)][key] = value;
        emit TextChanged(node, key, key, value);
    }

    /// @notice ENSIP-7.
    function setContenthash(bytes32 node, bytes calldata hash) external onlyOwner(node) {
        _contenthashes[_key(node)] = hash;
        emit ContenthashChanged(node, hash);
    }

    /// @notice A key to encrypt to, one for each suite; empty to take it back.
    /// @param suite What the key is for, for instance 0x0020 for HPKE with X25519.
    function setEncryptionKey(bytes32 node, uint16 suite, bytes calldata key, bytes calldata proof)
        external
        onlyOwner(node)
    {
        _encryptionKeys[_key(node)][suite] = EncryptionKey(key, proof);
        emit EncryptionKeyChanged(node, suite, key, proof);
    }

    /// @notice Several calls of this contract in one, all or nothing, in the name of the caller.
    function multicall(bytes[] calldata data) external returns (bytes[] memory results) {
        results = new bytes[](data.length);
        for (uint256 i; i < data.length; ++i) {
            results[i] = Address.functionDelegateCall(address(this), data[i]);
        }
    }

    // --------------------------------------------------------------------------------------------------------- reading

    /// @notice ENSIP-1.
    function addr(bytes32 node) external view returns (address payable) {
        return payable(address(bytes20(_addresses[_key(node)][COIN_TYPE_ETH])));
    }

    /// @notice ENSIP-9 and 11.
    function addr(bytes32 node, uint256 coinType) external view returns (bytes memory) {
        return _addresses[_key(node)][coinType];
    }

    /// @notice ENSIP-5.
    function text(bytes32 node, string calldata key) external view returns (string memory) {
        return _texts[_key(node)][key];
    }

    /// @notice ENSIP-7.
    function contenthash(bytes32 node) external view returns (bytes memory) {
        return _contenthashes[_key(node)];
    }

    /// @notice The key to encrypt to with a suite; empty when there is none.
    function encryptionKey(bytes32 node, uint16 suite) external view returns (bytes memory key, bytes memory proof) {
        EncryptionKey storage entry = _encryptionKeys[_key(node)][suite];
        return (entry.key, entry.proof);
    }

    /// @notice ENSIP-10: answers one of the readings above for a name in DNS encoding. The node in the call must be that of
    /// the name, so that an answer for one name is never taken for another's.
    function resolve(bytes calldata name, bytes calldata data) external view returns (bytes memory) {
        if (data.length < 36 || bytes32(data[4:36]) != namehash(name, 0)) revert InvalidName(name);
        return Address.functionStaticCall(address(this), data);
    }

    /// @notice The ERC-137 node of a name in DNS encoding, from an offset on.
    function namehash(bytes calldata name, uint256 offset) public pure returns (bytes32) {
        if (offset >= name.length) revert InvalidName(name);
        uint256 length = uint8(name[offset]);
        uint256 next = offset + 1 + length;
        if (length == 0) {
            if (next != name.length) revert InvalidName(name);
            return 0;
        }
        if (next > name.length) revert InvalidName(name);
        return keccak256(abi.encodePacked(namehash(name, next), keccak256(name[offset + 1:next])));
    }

    /// @notice ERC-165.
    function supportsInterface(bytes4 id) public view override returns (bool) {
        return id == 0x3b3b57de // addr(bytes32)
            || id == 0xf1cb7e06 // addr(bytes32,uint256)
            || id == 0x59d1d43c // text
            || id == 0xbc1c58d1 // contenthash
            || id == 0xd700ff33 // recordVersions
            || id == 0x9061b923 // resolve
            || id == this.encryptionKey.selector || super.supportsInterface(id);
    }

    // --------------------------------------------------------------------------------------------------------- private

    function _setAddress(bytes32 node, uint256 coinType, bytes memory value) private {
        _addresses[_key(node)][coinType] = value;
        emit AddressChanged(node, coinType, value);
        if (coinType == COIN_TYPE_ETH) emit AddrChanged(node, address(bytes20(value)));
    }

    /// Records stand under their node, how often that came free, and their version: one of these changes, and they are gone.
    function _key(bytes32 node) private view returns (bytes32) {
        return keccak256(abi.encode(node, registry.recordOf(node).releases, recordVersions[node]));
    }
}
