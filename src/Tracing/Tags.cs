namespace DePin.Tracing;

/// <summary>Names of attributes (docs/observability.md). Append-only: people search by them.</summary>
public static class Tags
{
    public const string Proof = "depin.proof";
    public const string Device = "depin.device";
    public const string Class = "depin.class";
    public const string Sequence = "depin.sequence";
    public const string Operator = "depin.operator";
    public const string Result = "depin.result";
    public const string Judgement = "depin.judgement";
    public const string Reason = "depin.reason";
    public const string Batch = "depin.batch";
    public const string Network = "depin.network";
    public const string Epoch = "depin.epoch";
    public const string Generation = "depin.generation";
    public const string View = "depin.view";
    public const string Report = "depin.report";
    public const string Proofs = "depin.proofs";
    public const string Votes = "depin.votes";
    public const string Message = "depin.message";
    public const string Transaction = "depin.transaction";
    public const string Purpose = "depin.purpose";
    public const string Gas = "depin.gas";
    public const string Block = "depin.block";
    public const string Account = "depin.account";
    public const string Accounts = "depin.accounts";
    public const string Amount = "depin.amount";
    public const string Root = "depin.root";
}
