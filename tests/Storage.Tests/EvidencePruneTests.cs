using System.Globalization;
using Dapper;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.Protocol;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.Storage.Evidence;
using DePin.Storage.Read;
using DePin.TestKit;

namespace DePin.Storage.Tests;

/// <summary>What the indexer takes away at the job host's word, and what it keeps whatever it is told.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "DisposeAsync of IAsyncLifetime disposes")]
public sealed class EvidencePruneTests : IAsyncLifetime
{
    private const int Accounts = 70; // a tree of depth 7: two tiers of chunks
    private const int Proofs = 30;
    private static readonly CancellationToken Ct = CancellationToken.None;
    private static readonly Bytes32 Domain = FakeNetworkActivity.HashOf("domain");

    private readonly Dictionary<long, RewardTree> trees = [];
    private MirrorFixture fixture = null!;
    private MirrorDatabase asIndexer = null!;
    private EvidenceStore store = null!;
    private NetworkId network;

    public async Task InitializeAsync()
    {
        fixture = await MirrorFixture.CreateAsync();
        fixture.Chain.FinalityDepth = 1;
        network = new NetworkId(fixture.Chain.Network.NetworkId);
        asIndexer = new MirrorDatabase(fixture.Database.ConnectionString, role: "depin_indexer");
        store = new EvidenceStore(asIndexer.DataSource);
        await store.RegisterNetworkAsync(network, "test", fixture.Chain.Network.Caip2, "{}", "{}", Ct);
    }

    public async Task DisposeAsync()
    {
        await asIndexer.DisposeAsync();
        await fixture.DisposeAsync();
    }

    [Fact]
    public async Task Takes_what_is_given_up_in_bounded_steps_and_keeps_what_a_claim_still_needs()
    {
        await MakeAsync(6);
        fixture.Chain.Mine();
        await fixture.CatchUpAsync();
        await RetainAsync(verdictsBefore: 1_000, treesBefore: 1_000); // greedier than any setting can be
        var kept = await KeptAsync();
        var steps = 0;
        for (PrunedRows gone; (gone = await store.PruneAsync(network, 7, Ct)).Any; steps++)
            Assert.True(gone.Verdicts <= 7 && gone.Chunks <= 7);
        Assert.Equal((int)Math.Ceiling(4 * Proofs / 7.0), steps);

        // Root 6 is the distributor's, root 5 its previous one: both stay claimable; the epochs themselves, leaves and lines always stay.
        Assert.Equal("5 6", await EpochsIn("verdicts"));
        Assert.Equal("5 6", await EpochsIn("tree_chunks"));
        Assert.Equal(kept, await KeptAsync());
        Assert.Equal("5/5", await fixture.ScalarAsync<string>("select verdicts_before || '/' || trees_before from evidence.pruned"));
        await AssertClaimableAsync(6);
        await fixture.Database.ExecuteAsync("delete from evidence.epochs where epoch = 6", Ct); // the import of the newest is late
        await AssertClaimableAsync(5);
        await fixture.Database.ExecuteAsync("delete from evidence.epochs where epoch = 5", Ct);
        Assert.Null(await new RewardReads(fixture.Database.DataSource).ClaimProofAsync(1, network.Value.ToArray(), 3, Ct)); // root 4 is refused by the contract
    }

    [Fact]
    public async Task A_root_in_a_block_that_may_yet_be_dropped_outdates_nothing()
    {
        await MakeAsync(6);
        await RetainAsync(verdictsBefore: 1_000, treesBefore: 1_000);
        await PruneAllAsync(); // root 6 stands in the newest block
        Assert.Equal("4 5 6", await EpochsIn("tree_chunks"));
        Assert.Equal("4 5 6", await EpochsIn("verdicts"));
        fixture.Chain.Drop(1);
        fixture.Chain.Mine();
        await fixture.CatchUpAsync();
        await AssertClaimableAsync(5);
    }

    [Fact]
    public async Task Keeps_verdicts_that_are_not_summed_and_the_newest_tree_of_a_late_import()
    {
        await MakeAsync(6);
        fixture.Chain.Mine();
        await fixture.CatchUpAsync();
        await fixture.Database.ExecuteAsync("delete from evidence.epochs where epoch > 3; delete from jobs.epoch_rollups where epoch = 2", Ct);
        await RetainAsync(verdictsBefore: 1_000, treesBefore: 1_000);
        await PruneAllAsync();
        Assert.Equal("2 3", await EpochsIn("verdicts"));
        Assert.Equal("3", await EpochsIn("tree_chunks"));
    }

    [Fact]
    public async Task Goes_no_further_than_it_is_told_and_nowhere_untold()
    {
        await MakeAsync(6);
        fixture.Chain.Mine();
        await fixture.CatchUpAsync();
        Assert.False((await store.PruneAsync(network, 100, Ct)).Any);
        await RetainAsync(verdictsBefore: 3, treesBefore: 2);
        await PruneAllAsync();
        Assert.Equal("3 4 5 6", await EpochsIn("verdicts"));
        Assert.Equal("2 3 4 5 6", await EpochsIn("tree_chunks"));
        await fixture.Database.ExecuteAsync("update jobs.retention set verdicts_before = 0, trees_before = 0", Ct);
        await PruneAllAsync();
        Assert.Equal("3/2", await fixture.ScalarAsync<string>("select verdicts_before || '/' || trees_before from evidence.pruned"));
    }

    [Fact]
    public async Task Takes_nothing_without_two_roots()
    {
        await MakeAsync(1);
        fixture.Chain.Mine();
        await fixture.CatchUpAsync();
        await RetainAsync(verdictsBefore: 1_000, treesBefore: 1_000);
        Assert.False((await store.PruneAsync(network, 100, Ct)).Any);
    }

    [Fact]
    public async Task A_mirror_rebuilt_after_pruning_is_the_same_and_prunes_on()
    {
        await MakeAsync(6);
        fixture.Chain.Mine();
        await fixture.CatchUpAsync();
        await RetainAsync(verdictsBefore: 1_000, treesBefore: 3);
        await PruneAllAsync();
        Assert.Empty((await fixture.RebuildAsync(promote: true)).Differences);
        await AssertClaimableAsync(6);
        await RetainAsync(verdictsBefore: 1_000, treesBefore: 1_000);
        await PruneAllAsync();
        Assert.Equal("5 6", await EpochsIn("tree_chunks"));
        await AssertClaimableAsync(6);
    }

    /// <summary>Epochs 1 … <paramref name="last"/>: final on the chain, each with its root in a block of its own; imported and rolled up.</summary>
    private async Task MakeAsync(long last)
    {
        var accounts = Enumerable.Range(0, Accounts).Select(i => FakeNetworkActivity.AddressOf(string.Create(CultureInfo.InvariantCulture, $"account {i}"))).ToArray();
        fixture.Chain.Mine([.. accounts.Select((a, i) => FakeLog.Of(EventKind.IndexAssigned, a, i))]);
        for (var epoch = 1L; epoch <= last; epoch++)
        {
            var tree = RewardTree.Build(Domain, [.. accounts.Select((a, i) => new LedgerEntry(new AccountId(a.ToBytes32()), (UInt128)(epoch * (i + 1)), FakeNetworkActivity.HashOf($"items {epoch}")))]);
            trees[epoch] = tree;
            fixture.Chain.Mine(FakeLog.Of(EventKind.RootAdvanced, epoch, tree.Root, Accounts, (long)tree.Total));
            await ImportAsync(epoch, tree);
        }

        await fixture.CatchUpAsync();
    }

    private async Task ImportAsync(long epoch, RewardTree tree)
    {
        await using var connection = await fixture.Database.DataSource.OpenConnectionAsync(Ct);
        var id = network.Value.ToArray();
        await connection.ExecuteAsync(
            """
            insert into evidence.epochs values (@id, @epoch, 0, @hash, @report, @hash, 1, to_timestamp(0), to_timestamp(86400), @Accounts, 3, 0, 0, 0, 0, 1000, 303, 0, now());
            insert into evidence.lines select @id, @epoch, @hash, 2, sha256(convert_to('device ' || d, 'utf8')), 1, 10, 100 + d, 10, 3, d from generate_series(0, 2) d;
            insert into evidence.verdicts select @id, @epoch, sha256(convert_to(@epoch || '/' || i, 'utf8')), sha256(convert_to('device ' || i % 3, 'utf8')), 2, i, to_timestamp(i), 0, 0, 1000000
                from generate_series(1, @Proofs) i;
            insert into jobs.epoch_rollups (network_id, epoch) values (@id, @epoch)
            """, new { id, epoch, Accounts, Proofs, hash = new byte[32], report = new byte[348] });
        for (uint i = 0; i < tree.LeafCount; i++)
        {
            var leaf = tree.LeafAt(i);
            await connection.ExecuteAsync("insert into evidence.leaves values (@id, @epoch, @index, @account, @cumulative::numeric, @prefix::numeric, @items)",
                new { id, epoch, index = (long)i, account = leaf.Account.Value.ToArray(), cumulative = leaf.Cumulative.ToString(CultureInfo.InvariantCulture), prefix = leaf.Prefix.ToString(CultureInfo.InvariantCulture), items = leaf.ItemsHash.ToArray() });
        }

        foreach (var chunk in TreeChunks.Cut(tree.Tree))
            await connection.ExecuteAsync("insert into evidence.tree_chunks values (@id, @epoch, @Tier, @Position, @Nodes)", new { id, epoch, chunk.Tier, chunk.Position, chunk.Nodes });
    }

    private Task<int> RetainAsync(long verdictsBefore, long treesBefore) => fixture.Database.ExecuteAsync(
        $"""
        insert into jobs.retention values (decode('{Convert.ToHexString(network.Value.AsSpan())}', 'hex'), {verdictsBefore}, {treesBefore})
        on conflict (network_id) do update set verdicts_before = excluded.verdicts_before, trees_before = excluded.trees_before
        """, Ct);

    private async Task PruneAllAsync()
    {
        while ((await store.PruneAsync(network, 1_000, Ct)).Any)
        {
        }
    }

    private async Task AssertClaimableAsync(long epoch)
    {
        for (uint index = 0; index < Accounts; index += 23)
        {
            var proof = await new RewardReads(fixture.Database.DataSource).ClaimProofAsync(1, network.Value.ToArray(), index, Ct);
            Assert.Equal(epoch, proof!.Epoch);
            Assert.Equal(trees[epoch].Root.ToArray(), proof.Root);
            Assert.True(PositionalTree.Verify(trees[epoch].Root, trees[epoch].LeafAt(index).Hash(Domain), index, Accounts, [.. proof.Siblings]));
        }
    }

    private Task<string> EpochsIn(string table) => fixture.ScalarAsync<string>($"select coalesce(string_agg(distinct epoch::text, ' ' order by epoch::text), '') from evidence.{table}");

    private Task<string> KeptAsync() => fixture.ScalarAsync<string>(
        """
        select md5(string_agg(t, '' order by t)) from (select e::text t from evidence.epochs e union all select l::text from evidence.leaves l union all select n::text from evidence.lines n) x
        """);
}
