// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IOwned} from "./IOwned.sol";

/// @title Devices as NFTs: who made them, who owns them, which key they sign with, where they stand.
/// @dev Device id = keccak256(key type u8 · public key). A token keeps its id when its key is rotated; the device id changes.
interface IDeviceRegistry is IERC721, IOwned {
    enum KeyType {
        None,
        Secp256k1,
        P256,
        Ed25519
    }
    enum Status {
        None,
        Active,
        Suspended,
        Retired
    }

    struct Maker {
        address account; // signs approvals; may publish batches and models
        bool active;
        uint32 quota; // most devices ever
        uint32 issued;
    }

    struct Model {
        uint32 makerId;
        uint16 class; // resource class
        uint32 capabilities; // class-defined bit set, e.g. which parameters a sensor measures
        uint32 cadence; // seconds between proofs as designed; 0 = irregular
        bytes32 metadata;
    }

    struct Batch {
        bytes32 root;
        uint32 makerId;
        uint32 count; // most devices of the batch
        uint32 registered;
        bool revoked;
    }

    /// @notice A key that waits to replace a device's.
    struct Rotation {
        bytes32 deviceId;
        KeyType keyType;
        uint64 readyAt; // 0 = none
    }

    struct Device {
        uint32 modelId;
        Status status;
        KeyType keyType;
        uint64 registeredAt;
        uint64 cell; // H3 cell, 0 = unknown
        bytes32 deviceId; // of the current key
    }

    /// @notice What a device (and for Ed25519 its maker) signs to be registered.
    struct Registration {
        KeyType keyType;
        bytes publicKey; // 64 bytes x·y, or 32 for Ed25519
        address owner;
        uint32 modelId;
        uint64 batchId; // 0 = approved by the maker's signature, else by inclusion in that batch
        uint64 cell;
        bytes32 metadata;
        uint64 nonce; // of the device id
        uint64 deadline; // unix seconds
    }

    error NotMaker(address caller);
    error UnknownMaker(uint32 makerId);
    error UnknownModel(uint32 modelId);
    error MakerInactive(uint32 makerId);
    error QuotaExceeded(uint32 makerId, uint32 quota);
    error UnknownBatch(uint64 batchId);
    error BatchClosed(uint64 batchId);
    error BatchExhausted(uint64 batchId, uint32 count);
    error ZeroAddress();
    error NotInBatch(uint64 batchId, bytes32 deviceId);
    /// @notice A key once used is used for ever.
    error KeyUsed(bytes32 deviceId);
    error BadKey(KeyType keyType, uint256 length);
    error BadDeviceSignature();
    error BadMakerSignature();
    error NonceMismatch(uint64 expected, uint64 actual);
    error Expired(uint64 deadline);
    error NotDeviceOwner(uint256 tokenId, address caller);
    error WrongStatus(uint256 tokenId, Status status);
    /// @notice No rotation is waiting (`readyAt` 0), or it waits until `readyAt`.
    error RotationNotReady(uint256 tokenId, uint64 readyAt);
    /// @notice The chain has no P-256 precompile at 0x100.
    error NoP256();

    event MakerSet(uint32 indexed makerId, address account, uint32 quota, bool active);
    event ModelAdded(
        uint32 indexed modelId,
        uint32 indexed makerId,
        uint16 class,
        uint32 capabilities,
        uint32 cadence,
        bytes32 metadata
    );
    event BatchPublished(uint64 indexed batchId, uint32 indexed makerId, bytes32 root, uint32 count, string uri);
    event BatchRevoked(uint64 indexed batchId);
    event DeviceRegistered(
        uint256 indexed tokenId,
        bytes32 indexed deviceId,
        address indexed owner,
        uint32 modelId,
        KeyType keyType,
        bytes publicKey,
        uint64 batchId,
        uint64 cell,
        bytes32 metadata
    );
    event CellAsserted(uint256 indexed tokenId, uint64 cell);
    event StatusChanged(uint256 indexed tokenId, Status from, Status to);
    event KeyRotationScheduled(
        uint256 indexed tokenId, bytes32 indexed newDeviceId, KeyType keyType, bytes publicKey, uint64 readyAt
    );
    event KeyRotationCancelled(uint256 indexed tokenId);
    event KeyRotated(uint256 indexed tokenId, bytes32 indexed oldDeviceId, bytes32 indexed newDeviceId);

    // --- makers
    /// @notice Adds or changes a maker. Only the owner. Lowering the quota never touches devices that are registered.
    function setMaker(uint32 makerId, address account, uint32 quota, bool active) external;
    /// @notice Only the maker's account, while it is active.
    function addModel(uint32 makerId, uint16 class, uint32 capabilities, uint32 cadence, bytes32 metadata)
        external
        returns (uint32 modelId);
    /// @notice Pre-registers `count` devices: `root` over keccak256(keccak256(abi.encode(deviceId, modelId))), sorted pairs.
    function publishBatch(uint32 makerId, bytes32 root, uint32 count, string calldata uri)
        external
        returns (uint64 batchId);
    /// @notice Blocks devices of the batch that are not registered yet.
    function revokeBatch(uint64 batchId) external;

    // --- devices
    /// @notice Registers a device and mints its token to `r.owner`. Anyone may send it: authority comes from the signatures.
    /// @param deviceSignature over the registration digest; 64 bytes (EIP-2098 for secp256k1, r·s for P-256), empty for Ed25519.
    /// @param makerSignature of the maker's account over the same digest; needed for Ed25519 and where `batchId` is 0.
    function register(
        Registration calldata r,
        bytes calldata deviceSignature,
        bytes calldata makerSignature,
        bytes32[] calldata batchProof
    ) external returns (uint256 tokenId);
    /// @notice EIP-712 digest of a registration: action "register", token id 0. Device keys sign the 32 bytes as they are.
    function registrationDigest(Registration calldata r) external view returns (bytes32);
    /// @notice Says where the device is. Only its owner.
    function assertCell(uint256 tokenId, uint64 cell) external;
    /// @notice Ends a device for ever. Only its owner; not while it is suspended.
    function retire(uint256 tokenId) external;
    /// @notice Keeps a device from being transferred, retired or re-keyed. Only the registry's owner.
    function suspend(uint256 tokenId) external;
    function reinstate(uint256 tokenId) external;
    /// @notice Schedules a new key, signed by the new key (and for Ed25519 the maker) under action "rotate"; ready after KEY_DELAY seconds.
    /// @dev `r` carries the device's owner and model and batch id 0; its cell and metadata are signed but change nothing. Replaces a rotation that is waiting. A transfer cancels it.
    function scheduleKey(
        uint256 tokenId,
        Registration calldata r,
        bytes calldata deviceSignature,
        bytes calldata makerSignature
    ) external;
    function rotationDigest(uint256 tokenId, Registration calldata r) external view returns (bytes32);
    function cancelKey(uint256 tokenId) external;
    /// @notice Anyone, once the delay is over.
    function applyKey(uint256 tokenId) external;

    function device(uint256 tokenId) external view returns (Device memory);
    /// @notice The token whose current key has this device id; 0 if none has.
    function tokenOf(bytes32 deviceId) external view returns (uint256);
    function isKeyUsed(bytes32 deviceId) external view returns (bool);
    /// @notice 0 until the key is used, then 1: a key is good for one action.
    function nonces(bytes32 deviceId) external view returns (uint64);
    function maker(uint32 makerId) external view returns (Maker memory);
    function model(uint32 modelId) external view returns (Model memory);
    function batch(uint64 batchId) external view returns (Batch memory);
    function rotation(uint256 tokenId) external view returns (Rotation memory);
    /// @notice Tokens are numbered 1 to deviceCount() and never burned.
    function deviceCount() external view returns (uint256);
}
