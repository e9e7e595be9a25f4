namespace DePin.Chain;

/// <summary>A contract or program refused, or would: by its own rules, not for want of a node. <see cref="ErrorName"/> is the name it gives the reason; empty where it gave none.</summary>
public abstract class ChainRefusalException(string errorName, string message) : Exception(message)
{
    /// <summary>The error's name.</summary>
    public string ErrorName { get; } = errorName;
}
