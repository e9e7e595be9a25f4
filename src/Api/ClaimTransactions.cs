using DePin.Storage.Read;

namespace DePin.Api;

/// <summary>Unsigned claim transactions.</summary>
internal static class ClaimTransactions
{
    public static Endpoints.TransactionView? Build(Network network, ClaimProofRow claim) => null;
}
