namespace DePin.Cryptography;

/// <summary>The kinds of device key; the numbers are part of the protocol and of the device registry.</summary>
public enum KeyType : byte
{
    /// <summary>No key.</summary>
    None = 0,

    /// <summary>Public key x · y (64 bytes); signature r · s, low s, over SHA-256 of the message.</summary>
    Secp256k1 = 1,

    /// <summary>Public key x · y (64 bytes); signature r · s, low s, over SHA-256 of the message.</summary>
    P256 = 2,

    /// <summary>Public key 32 bytes; signature 64 bytes over the message, judged as libsodium judges.</summary>
    Ed25519 = 3,
}
