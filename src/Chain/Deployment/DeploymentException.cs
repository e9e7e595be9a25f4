namespace DePin.Chain.Deployment;

/// <summary>A deployment cannot go on; the message says what is wrong and what to do.</summary>
public sealed class DeploymentException(string message, Exception? inner = null) : Exception(message, inner);
