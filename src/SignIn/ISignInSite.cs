using DePin.Cryptography;

namespace DePin.SignIn;

/// <summary>A host to which people sign in with a wallet: who may come in, and how its cookie and its header are called.</summary>
public interface ISignInSite
{
    /// <summary>Name of the cookie; <c>__Host-</c> stands before it where the site is reached over https.</summary>
    string Cookie { get; }

    /// <summary>Header, with the value 1, that everything needs which changes something: a form of another site cannot send it.</summary>
    string Header { get; }

    /// <summary>Path below which nothing is answered to who is not signed in.</summary>
    string Guarded { get; }

    /// <summary>Origins at which people open the site; empty: this machine's own names with the port that a request came to.</summary>
    IReadOnlyList<Uri> Origins { get; }

    /// <summary>Setting that names the origins, for texts.</summary>
    string OriginsSetting { get; }

    /// <summary>How long a sign-in lasts.</summary>
    TimeSpan SessionLife { get; }

    /// <summary>EIP-155 ids of the chains that a message may name, the usual one first.</summary>
    Task<IReadOnlyList<ulong>> ChainsAsync(CancellationToken ct);

    /// <summary>Whether the address may come in, or stay: asked at sign-in with the chain that the message names, and at each request with null, for any.</summary>
    Task<bool> MayEnterAsync(Address address, ulong? chain, CancellationToken ct);

    /// <summary>Who should sign in, said to somebody who has not.</summary>
    string WhoSignsIn { get; }

    /// <summary>Why the address was not let in, EIP-55.</summary>
    string WhyNot(string address);
}
