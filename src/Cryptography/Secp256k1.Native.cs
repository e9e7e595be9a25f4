using System.Runtime.InteropServices;

namespace DePin.Cryptography;

public static unsafe partial class Secp256k1
{
    private static readonly Lazy<nint> LazyContext = new(CreateContext);

    private static nint Context => LazyContext.Value;

    private static nint CreateContext()
    {
        NativeLibraries.Register();
        const uint signAndVerify = 0x301; // what releases before 0.2 need; later ones accept it
        nint context;
        try
        {
            context = context_create(signAndVerify);
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException or BadImageFormatException)
        {
            throw NativeLibraries.Unusable(NativeLibraries.Secp256k1, "could not be used", e);
        }

        // Blinding against side channels; afterwards the context is only read and so is safe to share between threads.
        Span<byte> seed = stackalloc byte[32];
        System.Security.Cryptography.RandomNumberGenerator.Fill(seed);
        fixed (byte* s = seed)
        {
            if (context == 0 || context_randomize(context, s) != 1) throw NativeLibraries.Unusable(NativeLibraries.Secp256k1, "gave no context");
        }

        SelfTest(context);
        return context;
    }

    // Key 1, message keccak(""): sign, recover, compare with the address of key 1, which everyone knows.
    private static void SelfTest(nint context)
    {
        try
        {
            Span<byte> key = stackalloc byte[32];
            key.Clear();
            key[31] = 1;
            var digest = Keccak256.Hash([]);
            var signature = SignCompact(context, digest, key);
            Span<byte> publicKey = stackalloc byte[64];
            if (TryRecover(context, digest, signature.ToArray(), publicKey)
                && AddressOf(publicKey) == Address.Parse("0x7e5f4552091a69125d5dfcb7b8c2659029395bdf")) return;
        }
        catch (EntryPointNotFoundException e)
        {
            throw NativeLibraries.Unusable(NativeLibraries.Secp256k1, "was built without the recovery module", e);
        }

        throw NativeLibraries.Unusable(NativeLibraries.Secp256k1, "failed its self-test (sign and recover with key 1)");
    }

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_context_create")]
    private static partial nint context_create(uint flags);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_context_randomize")]
    private static partial int context_randomize(nint ctx, byte* seed32);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ec_seckey_verify")]
    private static partial int ec_seckey_verify(nint ctx, byte* seckey32);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ec_pubkey_create")]
    private static partial int ec_pubkey_create(nint ctx, byte* pubkey64, byte* seckey32);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ec_pubkey_parse")]
    private static partial int ec_pubkey_parse(nint ctx, byte* pubkey64, byte* input, nuint length);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ec_pubkey_serialize")]
    private static partial int ec_pubkey_serialize(nint ctx, byte* output, nuint* length, byte* pubkey64, uint flags);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ecdsa_signature_parse_compact")]
    private static partial int ecdsa_signature_parse_compact(nint ctx, byte* signature64, byte* input64);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ecdsa_verify")]
    private static partial int ecdsa_verify(nint ctx, byte* signature64, byte* hash32, byte* pubkey64);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ecdsa_sign_recoverable")]
    private static partial int ecdsa_sign_recoverable(nint ctx, byte* signature65, byte* hash32, byte* seckey32, nint nonceFunction, nint nonceData);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ecdsa_recoverable_signature_serialize_compact")]
    private static partial int recoverable_serialize_compact(nint ctx, byte* output64, int* recoveryId, byte* signature65);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ecdsa_recoverable_signature_parse_compact")]
    private static partial int recoverable_parse_compact(nint ctx, byte* signature65, byte* input64, int recoveryId);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ecdsa_recover")]
    private static partial int ecdsa_recover(nint ctx, byte* pubkey64, byte* signature65, byte* hash32);
}
