// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IDeviceRegistry} from "./interfaces/IDeviceRegistry.sol";
import {IPayoutRegistry} from "./interfaces/IPayoutRegistry.sol";
import {P256Lib} from "./lib/P256Lib.sol";
import {Owned} from "./Owned.sol";

/// @title The rules are those of IDeviceRegistry.
contract DeviceRegistry is IDeviceRegistry, ERC721, EIP712, Owned {
    bytes32 public constant ACTION_TYPEHASH = keccak256(
        "DeviceAction(string action,uint256 tokenId,bytes32 deviceId,address owner,uint32 modelId,uint64 batchId,uint64 cell,bytes32 metadata,uint64 nonce,uint64 deadline)"
    );
    bytes32 private constant REGISTER = keccak256("register");
    bytes32 private constant ROTATE = keccak256("rotate");

    IPayoutRegistry public immutable PAYOUTS;
    /// @notice Seconds between scheduling a device's new key and its taking effect.
    uint64 public immutable KEY_DELAY;

    mapping(uint32 makerId => Maker) private _makers;
    Model[] private _models; // model id − 1
    Batch[] private _batches; // batch id − 1
    Device[] private _devices; // token id − 1
    mapping(uint256 tokenId => Rotation) private _rotations;
    /// @dev Set once, never cleared: a key once used is used for ever.
    mapping(bytes32 deviceId => uint256 tokenId) private _usedBy;

    constructor(string memory name_, string memory symbol_, IPayoutRegistry payouts, address owner_, uint64 keyDelay)
        ERC721(name_, symbol_)
        EIP712("DePIN DeviceRegistry", "1")
        Owned(owner_)
    {
        PAYOUTS = payouts;
        KEY_DELAY = keyDelay;
    }

    // --- makers

    /// @inheritdoc IDeviceRegistry
    function setMaker(uint32 makerId, address account, uint32 quota, bool active) external override onlyOwner {
        if (makerId == 0) revert UnknownMaker(0);
        if (account == address(0)) revert ZeroAddress();
        Maker storage m = _makers[makerId];
        m.account = account;
        m.quota = quota;
        m.active = active;
        emit MakerSet(makerId, account, quota, active);
    }

    /// @inheritdoc IDeviceRegistry
    function addModel(uint32 makerId, uint16 class, uint32 capabilities, uint32 cadence, bytes32 metadata)
        external
        override
        returns (uint32 modelId)
    {
        _onlyMaker(makerId);
        _models.push(Model(makerId, class, capabilities, cadence, metadata));
        modelId = uint32(_models.length);
        emit ModelAdded(modelId, makerId, class, capabilities, cadence, metadata);
    }

    /// @inheritdoc IDeviceRegistry
    function publishBatch(uint32 makerId, bytes32 root, uint32 count, string calldata uri)
        external
        override
        returns (uint64 batchId)
    {
        _onlyMaker(makerId);
        _batches.push(Batch(root, makerId, count, 0, false));
        batchId = uint64(_batches.length);
        emit BatchPublished(batchId, makerId, root, count, uri);
    }

    /// @inheritdoc IDeviceRegistry
    function revokeBatch(uint64 batchId) external override {
        Batch storage b = _batch(batchId);
        // The maker, active or not, and the registry's owner: revoking only ever tightens.
        if (msg.sender != _makers[b.makerId].account && msg.sender != owner) revert NotMaker(msg.sender);
        if (b.revoked) revert BatchClosed(batchId);
        b.revoked = true;
        emit BatchRevoked(batchId);
    }

    // --- devices

    /// @inheritdoc IDeviceRegistry
    function register(
        Registration calldata r,
        bytes calldata deviceSignature,
        bytes calldata makerSignature,
        bytes32[] calldata batchProof
    ) external override returns (uint256 tokenId) {
        Model memory m = model(r.modelId);
        Maker storage maker_ = _makers[m.makerId];
        if (!maker_.active) revert MakerInactive(m.makerId);
        if (maker_.issued >= maker_.quota) revert QuotaExceeded(m.makerId, maker_.quota);

        bytes32 deviceId = _freshKey(r);
        bytes32 digest = _digest(REGISTER, 0, deviceId, r);
        _checkDevice(r, digest, deviceSignature);
        if (r.batchId != 0) _useBatch(r, m.makerId, deviceId, batchProof);
        if (r.batchId == 0 || r.keyType == KeyType.Ed25519) {
            _checkMaker(maker_.account, digest, makerSignature);
        }

        maker_.issued += 1;
        _devices.push(Device(r.modelId, Status.Active, r.keyType, uint64(block.timestamp), r.cell, deviceId));
        tokenId = _devices.length;
        _usedBy[deviceId] = tokenId;
        emit DeviceRegistered(
            tokenId, deviceId, r.owner, r.modelId, r.keyType, r.publicKey, r.batchId, r.cell, r.metadata
        );
        // Mints and, through _update, gives the owner a place in the reward tree.
        _mint(r.owner, tokenId);
    }

    /// @inheritdoc IDeviceRegistry
    function assertCell(uint256 tokenId, uint64 cell) external override {
        _activeDeviceOf(msg.sender, tokenId).cell = cell;
        emit CellAsserted(tokenId, cell);
    }

    /// @inheritdoc IDeviceRegistry
    function retire(uint256 tokenId) external override {
        Device storage d = _activeDeviceOf(msg.sender, tokenId);
        _dropRotation(tokenId);
        _setStatus(tokenId, d, Status.Retired);
    }

    /// @inheritdoc IDeviceRegistry
    function suspend(uint256 tokenId) external override onlyOwner {
        _setStatus(tokenId, _deviceIn(tokenId, Status.Active), Status.Suspended);
    }

    /// @inheritdoc IDeviceRegistry
    function reinstate(uint256 tokenId) external override onlyOwner {
        _setStatus(tokenId, _deviceIn(tokenId, Status.Suspended), Status.Active);
    }

    /// @inheritdoc IDeviceRegistry
    function scheduleKey(
        uint256 tokenId,
        Registration calldata r,
        bytes calldata deviceSignature,
        bytes calldata makerSignature
    ) external override {
        Device storage d = _activeDeviceOf(msg.sender, tokenId);
        if (r.owner != msg.sender) revert NotDeviceOwner(tokenId, r.owner);
        if (r.modelId != d.modelId) revert UnknownModel(r.modelId);
        if (r.batchId != 0) revert UnknownBatch(r.batchId);

        bytes32 deviceId = _freshKey(r);
        bytes32 digest = _digest(ROTATE, tokenId, deviceId, r);
        _checkDevice(r, digest, deviceSignature);
        if (r.keyType == KeyType.Ed25519) {
            _checkMaker(_makers[_models[d.modelId - 1].makerId].account, digest, makerSignature);
        }

        _dropRotation(tokenId);
        uint64 readyAt = uint64(block.timestamp) + KEY_DELAY;
        _rotations[tokenId] = Rotation(deviceId, r.keyType, readyAt);
        _usedBy[deviceId] = tokenId;
        emit KeyRotationScheduled(tokenId, deviceId, r.keyType, r.publicKey, readyAt);
    }

    /// @inheritdoc IDeviceRegistry
    function cancelKey(uint256 tokenId) external override {
        if (_ownerOf(tokenId) != msg.sender) revert NotDeviceOwner(tokenId, msg.sender);
        if (_rotations[tokenId].readyAt == 0) revert RotationNotReady(tokenId, 0);
        _dropRotation(tokenId);
    }

    /// @inheritdoc IDeviceRegistry
    function applyKey(uint256 tokenId) external override {
        Device storage d = _deviceIn(tokenId, Status.Active);
        Rotation memory waiting = _rotations[tokenId];
        if (waiting.readyAt == 0 || block.timestamp < waiting.readyAt) {
            revert RotationNotReady(tokenId, waiting.readyAt);
        }
        delete _rotations[tokenId];
        emit KeyRotated(tokenId, d.deviceId, waiting.deviceId);
        d.deviceId = waiting.deviceId;
        d.keyType = waiting.keyType;
    }

    // --- views

    /// @inheritdoc IDeviceRegistry
    function registrationDigest(Registration calldata r) external view override returns (bytes32) {
        return _digest(REGISTER, 0, _deviceId(r), r);
    }

    /// @inheritdoc IDeviceRegistry
    function rotationDigest(uint256 tokenId, Registration calldata r) external view override returns (bytes32) {
        return _digest(ROTATE, tokenId, _deviceId(r), r);
    }

    /// @inheritdoc IDeviceRegistry
    function device(uint256 tokenId) external view override returns (Device memory) {
        _requireOwned(tokenId);
        return _devices[tokenId - 1];
    }

    /// @inheritdoc IDeviceRegistry
    function tokenOf(bytes32 deviceId) external view override returns (uint256) {
        uint256 tokenId = _usedBy[deviceId];
        return tokenId != 0 && _devices[tokenId - 1].deviceId == deviceId ? tokenId : 0;
    }

    /// @inheritdoc IDeviceRegistry
    function isKeyUsed(bytes32 deviceId) external view override returns (bool) {
        return _usedBy[deviceId] != 0;
    }

    /// @inheritdoc IDeviceRegistry
    function nonces(bytes32 deviceId) external view override returns (uint64) {
        return _usedBy[deviceId] == 0 ? 0 : 1;
    }

    /// @inheritdoc IDeviceRegistry
    function maker(uint32 makerId) external view override returns (Maker memory) {
        return _makers[makerId];
    }

    /// @inheritdoc IDeviceRegistry
    function batch(uint64 batchId) external view override returns (Batch memory) {
        return _batch(batchId);
    }

    /// @inheritdoc IDeviceRegistry
    function rotation(uint256 tokenId) external view override returns (Rotation memory) {
        return _rotations[tokenId];
    }

    /// @inheritdoc IDeviceRegistry
    function deviceCount() external view override returns (uint256) {
        return _devices.length;
    }

    /// @inheritdoc IDeviceRegistry
    function model(uint32 modelId) public view override returns (Model memory) {
        if (modelId == 0 || modelId > _models.length) revert UnknownModel(modelId);
        return _models[modelId - 1];
    }

    /// @inheritdoc ERC721
    function supportsInterface(bytes4 interfaceId) public view override(ERC721, IERC165) returns (bool) {
        return super.supportsInterface(interfaceId);
    }

    // --- inside

    /// @dev Every change of hands: a suspended device stays where it is, a waiting key dies, the receiver gets a payout index.
    function _update(address to, uint256 tokenId, address auth) internal override returns (address from) {
        from = super._update(to, tokenId, auth);
        if (from != address(0)) {
            Status status = _devices[tokenId - 1].status;
            if (status == Status.Suspended) revert WrongStatus(tokenId, status);
            _dropRotation(tokenId);
        }
        PAYOUTS.ensure(to);
    }

    function _deviceId(Registration calldata r) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(r.keyType), r.publicKey));
    }

    /// @dev The id of a well-formed key that was never used, within its deadline.
    function _freshKey(Registration calldata r) private view returns (bytes32 deviceId) {
        uint256 length = r.keyType == KeyType.Ed25519 ? 32 : 64;
        if (r.keyType == KeyType.None || r.publicKey.length != length) {
            revert BadKey(r.keyType, r.publicKey.length);
        }
        if (block.timestamp > r.deadline) revert Expired(r.deadline);
        deviceId = _deviceId(r);
        if (_usedBy[deviceId] != 0) revert KeyUsed(deviceId);
        if (r.nonce != 0) revert NonceMismatch(0, r.nonce);
    }

    function _digest(bytes32 action, uint256 tokenId, bytes32 deviceId, Registration calldata r)
        private
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    ACTION_TYPEHASH,
                    action,
                    tokenId,
                    deviceId,
                    r.owner,
                    r.modelId,
                    r.batchId,
                    r.cell,
                    r.metadata,
                    r.nonce,
                    r.deadline
                )
            )
        );
    }

    /// @dev The device proves that it holds the key, but for Ed25519, which no precompile checks: there its maker vouches.
    function _checkDevice(Registration calldata r, bytes32 digest, bytes calldata signature) private view {
        if (r.keyType == KeyType.Ed25519) {
            if (signature.length != 0) revert BadDeviceSignature();
            return;
        }
        if (signature.length != 64) revert BadDeviceSignature();
        bytes32 first = bytes32(signature[0:32]);
        bytes32 second = bytes32(signature[32:64]);
        if (r.keyType == KeyType.Secp256k1) {
            // A signature that cannot be recovered or has a high s gives the zero address.
            (address signer,,) = ECDSA.tryRecover(digest, first, second);
            if (signer != address(uint160(uint256(keccak256(r.publicKey))))) revert BadDeviceSignature();
        } else {
            bytes32 x = bytes32(r.publicKey[0:32]);
            bytes32 y = bytes32(r.publicKey[32:64]);
            if (!P256Lib.verify(digest, first, second, x, y)) {
                if (!P256Lib.available()) revert NoP256();
                revert BadDeviceSignature();
            }
        }
    }

    function _checkMaker(address account, bytes32 digest, bytes calldata signature) private view {
        if (!SignatureChecker.isValidSignatureNowCalldata(account, digest, signature)) {
            revert BadMakerSignature();
        }
    }

    function _useBatch(Registration calldata r, uint32 makerId, bytes32 deviceId, bytes32[] calldata proof) private {
        Batch storage b = _batch(r.batchId);
        if (b.makerId != makerId) revert UnknownBatch(r.batchId);
        if (b.revoked) revert BatchClosed(r.batchId);
        if (b.registered >= b.count) revert BatchExhausted(r.batchId, b.count);
        bytes32 leaf = keccak256(abi.encodePacked(keccak256(abi.encode(deviceId, r.modelId))));
        if (!MerkleProof.verifyCalldata(proof, b.root, leaf)) revert NotInBatch(r.batchId, deviceId);
        b.registered += 1;
    }

    function _batch(uint64 batchId) private view returns (Batch storage) {
        if (batchId == 0 || batchId > _batches.length) revert UnknownBatch(batchId);
        return _batches[batchId - 1];
    }

    function _onlyMaker(uint32 makerId) private view {
        Maker storage m = _makers[makerId];
        if (m.account == address(0)) revert UnknownMaker(makerId);
        if (m.account != msg.sender) revert NotMaker(msg.sender);
        if (!m.active) revert MakerInactive(makerId);
    }

    function _deviceIn(uint256 tokenId, Status status) private view returns (Device storage d) {
        _requireOwned(tokenId);
        d = _devices[tokenId - 1];
        if (d.status != status) revert WrongStatus(tokenId, d.status);
    }

    function _activeDeviceOf(address account, uint256 tokenId) private view returns (Device storage) {
        if (_ownerOf(tokenId) != account) revert NotDeviceOwner(tokenId, account);
        return _deviceIn(tokenId, Status.Active);
    }

    function _setStatus(uint256 tokenId, Device storage d, Status to) private {
        emit StatusChanged(tokenId, d.status, to);
        d.status = to;
    }

    function _dropRotation(uint256 tokenId) private {
        if (_rotations[tokenId].readyAt == 0) return;
        delete _rotations[tokenId];
        emit KeyRotationCancelled(tokenId);
    }
}
