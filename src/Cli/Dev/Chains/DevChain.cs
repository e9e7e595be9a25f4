using System.Globalization;
using DePin.Chain.Deployment;
using DePin.DevTools;
using DePin.Protocol;

namespace DePin.Cli.Dev.Chains;

/// <summary>One chain of a dev network, with the network on it: what differs from chain to chain. Processes that every chain has alike are <see cref="DevNetwork"/>'s.</summary>
/// <param name="folder">Keys, manifest and operators of this chain.</param>
/// <param name="settings">What the start decided.</param>
public abstract class DevChain(DevFolder folder, DevSettings settings) : IAsyncDisposable
{
    /// <summary>For people.</summary>
    public abstract string Name { get; }

    /// <summary>Family of chain.</summary>
    public abstract ChainKind Kind { get; }

    /// <summary>Number of the chain in the public database.</summary>
    public abstract short Number { get; }

    /// <summary>JSON-RPC of its node. It may hold a key: <see cref="Shown"/> is what people see.</summary>
    public abstract Uri Url { get; }

    /// <summary>Where its node is, for messages.</summary>
    public virtual string Shown => Url.ToString();

    /// <summary>Its node, where that is a child of ours; null where it was there before, and stays.</summary>
    public abstract GuardedProcess? Process { get; }

    /// <summary>Whether its clock leaps, so that an hour may be a second of wall-clock time.</summary>
    public virtual bool Leaps => true;

    /// <summary>For people: how fast its days pass.</summary>
    public virtual string Pace => string.Create(CultureInfo.InvariantCulture, $"a day passes every {86_400.0 / Settings.SecondsPerBlock:0.#} s");

    /// <summary>Port of the first operator.</summary>
    public abstract int OperatorPort { get; }

    /// <summary>Port of the indexer.</summary>
    public abstract int IndexerPort { get; }

    /// <summary>Name of the indexer's host and login.</summary>
    public abstract string Indexer { get; }

    /// <summary>The replayed data sets with their shifts.</summary>
    public abstract IReadOnlyList<ReplayedSet> Replay { get; }

    /// <summary>Keys, manifest and operators of this chain.</summary>
    public DevFolder Folder { get; } = folder;

    /// <summary>What the start decided.</summary>
    protected DevSettings Settings { get; } = settings;

    /// <summary>Name of a process of this chain's network, for messages and logs.</summary>
    public virtual string Part(string part) => part;

    /// <summary>Name of an operator's host and database, counted from 1.</summary>
    public abstract string Operator(int number);

    /// <summary>Starts the node where it is ours; returns once it answers.</summary>
    public abstract Task StartAsync(string logs, CancellationToken ct);

    /// <summary>Deploys the network, or checks the one that is there.</summary>
    public abstract Task<NetworkManifest> DeployAsync(Action<string> detail, CancellationToken ct);

    /// <summary>Bonds and registers the operators and schedules them for epoch 1.</summary>
    /// <returns>How many there are.</returns>
    public abstract Task<int> EnrolOperatorsAsync(Action<string> detail, CancellationToken ct);

    /// <summary>Sees to it that the devices which are going to be replayed can be enrolled.</summary>
    public virtual Task PrepareReplayAsync(ReplayOptions replay, string logs, CancellationToken ct) => Task.CompletedTask;

    /// <summary>From here on time runs as <see cref="DevSettings.SecondsPerBlock"/> says, where it is ours to say.</summary>
    public abstract Task StartClockAsync(CancellationToken ct);

    /// <summary>Looks after the chain, once a second. Throws where it can no longer go on.</summary>
    public virtual Task TendAsync(CancellationToken ct) => Task.CompletedTask;

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();

    /// <summary>Where an operator listens, counted from 0.</summary>
    protected string Endpoint(int index) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{OperatorPort + index}");
}
