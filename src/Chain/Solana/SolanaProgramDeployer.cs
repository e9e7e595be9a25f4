using System.Security.Cryptography;
using DePin.Abi.Solana;
using DePin.Chain.Deployment;
using DePin.Cryptography;

namespace DePin.Chain.Solana;

/// <summary>How to deploy a program.</summary>
public sealed record SolanaDeploymentOptions
{
    /// <summary>Room for longer code later, in percent of the code. Its rent is paid now. Default 50.</summary>
    public int SpareRoomPercent { get; init; } = 50;

    /// <summary>Pieces of code that are under way at once. Default 16.</summary>
    public int WritesAtOnce { get; init; } = 16;

    /// <summary>How often pieces that are missing when the buffer is read back are written again before giving up. Default 5.</summary>
    public int Rounds { get; init; } = 5;
}

/// <summary>A program as it stands on the chain.</summary>
/// <param name="Program">Its address.</param>
/// <param name="Authority">Who may upgrade it; null = nobody.</param>
/// <param name="Slot">When it was deployed last.</param>
/// <param name="Code">Its code and the zeros after it, up to the room that it has.</param>
public sealed record SolanaDeployedProgram(SolanaAddress Program, SolanaAddress? Authority, ulong Slot, ReadOnlyMemory<byte> Code)
{
    /// <summary>Whether it is this code and nothing but zeros after it.</summary>
    public bool Holds(ReadOnlySpan<byte> code) => Code.Span.StartsWith(code) && Code.Span[code.Length..].IndexOfAnyExcept((byte)0) < 0;
}

/// <summary>
/// Deploys and upgrades programs through the upgradeable loader: code goes into a buffer piece by piece, is read back, and only when it is all there is it put in force. Killed at any
/// point, the same call with the same state file goes on where the chain stands. The sender's payer pays and is the authority.
/// </summary>
public sealed class SolanaProgramDeployer(SolanaRpc rpc, SolanaTransactionSender sender, SolanaDeploymentOptions? options = null, TimeProvider? time = null)
{
    private const int LargestCode = (10 * 1024 * 1024) - LoaderProgramData.CodeOffset; // an account's data
    private static readonly TimeSpan SlotWait = TimeSpan.FromMilliseconds(200);

    private readonly SolanaDeploymentOptions _options = options ?? new SolanaDeploymentOptions();
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Deploys code as a new program, goes on with that, or just checks that it is there. <paramref name="report"/> may be null.</summary>
    /// <param name="program">Its key, whose address the program gets.</param>
    /// <param name="code">The shared object.</param>
    /// <param name="stateFile">Where to remember what is under way; gone when done.</param>
    /// <param name="report">How far it is.</param>
    /// <param name="ct">Ends it; may be called again.</param>
    /// <exception cref="DeploymentException">The program exists with other code, the state is of another deployment, or what was written does not stay.</exception>
    public async Task<SolanaDeployedProgram> DeployAsync(PrivateKey program, ReadOnlyMemory<byte> code, string stateFile, Func<DeploymentProgress, Task>? report, CancellationToken ct)
    {
        var address = SolanaAddress.Of(program.PublicKey);
        var state = await BeginAsync(address, code, stateFile, ct).ConfigureAwait(false);
        var existing = await ReadAsync(address, Finality.Safe, ct).ConfigureAwait(false);
        if (existing is not null && !existing.Holds(code.Span)) throw new DeploymentException($"Program {address} is deployed with other code. Upgrade it instead, or use another program key.");
        if (existing is null)
        {
            await FillBufferAsync(state, code, stateFile, report, ct).ConfigureAwait(false);
            var room = (ulong)Math.Min(LargestCode, code.Length + ((long)code.Length * _options.SpareRoomPercent / 100));
            var rent = await rpc.GetMinimumBalanceForRentExemptionAsync(LoaderProgram.Size, ct).ConfigureAwait(false);
            var request = new SolanaTransactionRequest(
                SystemProgram.CreateAccount(sender.Payer, address, rent, LoaderProgram.Size, SolanaPrograms.UpgradeableLoader),
                UpgradeableLoader.Deploy(sender.Payer, address, state.Buffer, sender.Payer, room))
            { Signers = [program] };
            await SendUnlessDoneAsync(request, Finality.Finalized, async () => (await ReadAsync(address, Finality.Safe, ct).ConfigureAwait(false))?.Holds(code.Span) == true, ct).ConfigureAwait(false);
        }

        return await FinishAsync(state, code, stateFile, report, ct).ConfigureAwait(false);
    }

    /// <summary>Replaces a program's code, goes on with that, or just checks that it is there. Makes room first where the code is longer than the program has.</summary>
    /// <exception cref="DeploymentException">There is no such program, or the payer may not upgrade it; or as <see cref="DeployAsync"/>.</exception>
    public async Task<SolanaDeployedProgram> UpgradeAsync(SolanaAddress program, ReadOnlyMemory<byte> code, string stateFile, Func<DeploymentProgress, Task>? report, CancellationToken ct)
    {
        var state = await BeginAsync(program, code, stateFile, ct).ConfigureAwait(false);
        var existing = await ReadAsync(program, Finality.Safe, ct).ConfigureAwait(false) ?? throw new DeploymentException($"There is no program {program} on this cluster. Deploy it first.");
        if (!existing.Holds(code.Span))
        {
            CheckAuthority(existing);
            await FillBufferAsync(state, code, stateFile, report, ct).ConfigureAwait(false);
            if (code.Length > existing.Code.Length) existing = await ExtendAsync(existing, ExtensionFor(code.Length, existing.Code.Length), ct).ConfigureAwait(false);
            await WaitForLaterSlotAsync(existing, ct).ConfigureAwait(false);
            await SendUnlessDoneAsync(
                new SolanaTransactionRequest(UpgradeableLoader.Upgrade(program, state.Buffer, sender.Payer, sender.Payer)), Finality.Finalized,
                async () => (await ReadAsync(program, Finality.Safe, ct).ConfigureAwait(false))?.Holds(code.Span) == true, ct).ConfigureAwait(false);
        }

        return await FinishAsync(state, code, stateFile, report, ct).ConfigureAwait(false);
    }

    /// <summary>A program as it stands; null where the address holds nothing.</summary>
    /// <exception cref="DeploymentException">Something else is there, or the program was closed.</exception>
    public async Task<SolanaDeployedProgram?> ReadAsync(SolanaAddress program, Finality finality, CancellationToken ct)
    {
        var dataAddress = UpgradeableLoader.ProgramData(program);
        var accounts = (await rpc.GetMultipleAccountsAsync([program, dataAddress], finality, ct).ConfigureAwait(false)).Value;
        if (accounts[0] is not { } head) return null;
        try
        {
            if (head.Owner == SolanaPrograms.UpgradeableLoader && LoaderAccount.Decode(head.Data) is LoaderProgram { ProgramData: var named } && named == dataAddress
                && accounts[1] is { } body && body.Owner == SolanaPrograms.UpgradeableLoader && LoaderAccount.Decode(body.Data) is LoaderProgramData found)
                return new SolanaDeployedProgram(program, found.Authority, found.Slot, found.Code);
        }
        catch (FormatException e)
        {
            throw new DeploymentException($"{program} is no program that runs: {e.Message}", e);
        }

        throw new DeploymentException($"{program} is no upgradeable program: another account is there, or the program was closed, and then its address is of no more use.");
    }

    /// <summary>Hands the program to another authority, which signs, so that it cannot go to an address that nobody has.</summary>
    public async Task SetAuthorityAsync(SolanaAddress program, PrivateKey next, CancellationToken ct)
    {
        var address = SolanaAddress.Of(next.PublicKey);
        if (await HasAuthorityAsync(program, address, ct).ConfigureAwait(false)) return;
        await sender.SendAsync(
            new SolanaTransactionRequest(UpgradeableLoader.SetAuthorityChecked(UpgradeableLoader.ProgramData(program), sender.Payer, address)) { Signers = [next] },
            Finality.Finalized, null, ct).ConfigureAwait(false);
    }

    /// <summary>Hands the program to another authority that does not sign: a multisig's address, say. A wrong one loses the program's upgrades for ever.</summary>
    public async Task SetAuthorityUncheckedAsync(SolanaAddress program, SolanaAddress next, CancellationToken ct)
    {
        if (await HasAuthorityAsync(program, next, ct).ConfigureAwait(false)) return;
        await sender.SendAsync(new SolanaTransactionRequest(UpgradeableLoader.SetAuthority(UpgradeableLoader.ProgramData(program), sender.Payer, next)), Finality.Finalized, null, ct).ConfigureAwait(false);
    }

    /// <summary>Makes the program final: nobody can upgrade it ever again.</summary>
    public async Task RenounceAuthorityAsync(SolanaAddress program, CancellationToken ct)
    {
        if (await HasAuthorityAsync(program, null, ct).ConfigureAwait(false)) return;
        await sender.SendAsync(new SolanaTransactionRequest(UpgradeableLoader.SetAuthority(UpgradeableLoader.ProgramData(program), sender.Payer, null)), Finality.Finalized, null, ct).ConfigureAwait(false);
    }

    /// <summary>Closes the buffer of a deployment that is not to be finished, takes its rent back, and forgets the state.</summary>
    public async Task AbandonAsync(string stateFile, CancellationToken ct)
    {
        var state = SolanaDeploymentState.Load(stateFile) ?? throw new DeploymentException($"'{stateFile}' does not exist: no deployment is under way there.");
        await CheckStateAsync(state, stateFile, ct).ConfigureAwait(false);
        await CloseBufferAsync(state.Buffer, ct).ConfigureAwait(false);
        File.Delete(stateFile);
    }

    /// <summary>Closes a buffer of the payer's and takes its rent back; does nothing where there is none.</summary>
    public async Task CloseBufferAsync(SolanaAddress buffer, CancellationToken ct)
    {
        if ((await rpc.GetAccountInfoAsync(buffer, Finality.Safe, ct, slice: new SolanaDataSlice(0, 0)).ConfigureAwait(false)).Value is not { } account) return;
        if (account.Owner != SolanaPrograms.UpgradeableLoader) throw new DeploymentException($"{buffer} is no buffer of the loader's.");
        await sender.SendAsync(new SolanaTransactionRequest(UpgradeableLoader.CloseBuffer(buffer, sender.Payer, sender.Payer)), Finality.Safe, null, ct).ConfigureAwait(false);
    }

    /// <summary>Buffers of the payer's, left over from deployments whose state was lost.</summary>
    public async Task<IReadOnlyList<SolanaAddress>> FindBuffersAsync(CancellationToken ct)
    {
        var filter = new SolanaAccountFilter.Memcmp(0, (byte[])[1, 0, 0, 0, 1, .. sender.Payer.ToArray()]); // kind, and that there is an authority
        var found = await rpc.GetProgramAccountsAsync(SolanaPrograms.UpgradeableLoader, [filter], Finality.Safe, ct, slice: new SolanaDataSlice(0, 0)).ConfigureAwait(false);
        return [.. found.Value.Select(a => a.Address)];
    }

    private async Task<SolanaDeploymentState> BeginAsync(SolanaAddress program, ReadOnlyMemory<byte> code, string stateFile, CancellationToken ct)
    {
        if (code.Length > LargestCode || !code.Span.StartsWith("\u007fELF"u8)) throw new DeploymentException($"The code is no shared object of at most {LargestCode} bytes. Build the program, or name its .so file.");
        var hash = Convert.ToHexStringLower(SHA256.HashData(code.Span));
        if (SolanaDeploymentState.Load(stateFile) is { } state)
        {
            await CheckStateAsync(state, stateFile, ct).ConfigureAwait(false);
            return state.Program == program.ToString() && state.CodeHash == hash
                ? state
                : throw new DeploymentException($"'{stateFile}' is of a deployment of program {state.Program} with code {state.CodeHash}, which was not finished. Finish it with that code, or abandon it.");
        }

        return new SolanaDeploymentState
        {
            Chain = (await rpc.GetChainAsync(ct).ConfigureAwait(false)).ToString(),
            Program = program.ToString(),
            Authority = sender.Payer.ToString(),
            CodeHash = hash,
            Seed = RandomNumberGenerator.GetHexString(ProgramAddress.MaxSeedBytes, lowercase: true),
        };
    }

    private async Task CheckStateAsync(SolanaDeploymentState state, string stateFile, CancellationToken ct)
    {
        var chain = (await rpc.GetChainAsync(ct).ConfigureAwait(false)).ToString();
        if (state.Chain != chain) throw new DeploymentException($"'{stateFile}' is of a deployment on {state.Chain}, and the nodes are of {chain}. Use another state file, or move that one away if its chain is gone.");
        if (state.Authority != sender.Payer.ToString()) throw new DeploymentException($"'{stateFile}' is of a deployment by {state.Authority}, not {sender.Payer}. Use that key.");
    }

    // The buffer, with all of the code.
    private async Task FillBufferAsync(SolanaDeploymentState state, ReadOnlyMemory<byte> code, string stateFile, Func<DeploymentProgress, Task>? report, CancellationToken ct)
    {
        var held = await ReadBufferAsync(state.Buffer, code.Length, ct).ConfigureAwait(false);
        if (held is null)
        {
            var length = (ulong)(LoaderBuffer.CodeOffset + code.Length);
            var rent = await rpc.GetMinimumBalanceForRentExemptionAsync(length, ct).ConfigureAwait(false);
            var balance = (await rpc.GetBalanceAsync(sender.Payer, Finality.Safe, ct).ConfigureAwait(false)).Value;
            if (balance < rent) throw new DeploymentException($"{sender.Payer} holds {balance} lamports, and the buffer's rent alone is {rent} (it comes back). Fund the account.");
            state.Save(stateFile);
            var create = new SolanaTransactionRequest(
                SystemProgram.CreateAccountWithSeed(sender.Payer, state.Buffer, sender.Payer, state.Seed, rent, length, SolanaPrograms.UpgradeableLoader),
                UpgradeableLoader.InitializeBuffer(state.Buffer, sender.Payer));
            await SendUnlessDoneAsync(create, Finality.Safe, async () => await ReadBufferAsync(state.Buffer, code.Length, ct).ConfigureAwait(false) is not null, ct).ConfigureAwait(false);
            held = new byte[code.Length];
        }

        var piece = PieceLength(state.Buffer);
        var total = (code.Length + piece - 1) / piece;
        for (var round = 0; ; round++)
        {
            var missing = Enumerable.Range(0, total).Where(i => !Piece(code, i, piece).Span.SequenceEqual(Piece(held.Value, i, piece).Span)).ToArray();
            if (report is not null) await report(new DeploymentProgress("code", total - missing.Length, total)).ConfigureAwait(false);
            if (missing.Length == 0) return;
            if (round == _options.Rounds) throw new DeploymentException($"{missing.Length} pieces of the code are still not in buffer {state.Buffer} after {round} rounds of writing. Do the nodes belong to one cluster? Call again to go on.");
            await WriteAsync(state.Buffer, code, piece, missing, total, report, ct).ConfigureAwait(false);
            held = await ReadBufferAsync(state.Buffer, code.Length, ct).ConfigureAwait(false) ?? throw new DeploymentException($"Buffer {state.Buffer} is gone: something else closed it. Call again to start anew.");
        }
    }

    private async Task WriteAsync(SolanaAddress buffer, ReadOnlyMemory<byte> code, int piece, int[] missing, int total, Func<DeploymentProgress, Task>? report, CancellationToken ct)
    {
        using var reporting = new SemaphoreSlim(1, 1);
        var done = total - missing.Length;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.WritesAtOnce, CancellationToken = ct };
        await Parallel.ForEachAsync(missing, parallel, async (i, c) =>
        {
            // The same piece written twice is the same code: no harm in one that lands late.
            var write = UpgradeableLoader.Write(buffer, sender.Payer, (uint)(i * piece), Piece(code, i, piece).Span);
            await sender.SendAsync(new SolanaTransactionRequest(write), Finality.Safe, null, c).ConfigureAwait(false);
            if (report is null) return;
            await reporting.WaitAsync(c).ConfigureAwait(false);
            try
            {
                await report(new DeploymentProgress("code", ++done, total)).ConfigureAwait(false);
            }
            finally
            {
                reporting.Release();
            }
        }).ConfigureAwait(false);
    }

    private async Task<ReadOnlyMemory<byte>?> ReadBufferAsync(SolanaAddress buffer, int length, CancellationToken ct)
    {
        if ((await rpc.GetAccountInfoAsync(buffer, Finality.Safe, ct).ConfigureAwait(false)).Value is not { } account) return null;
        try
        {
            if (account.Owner == SolanaPrograms.UpgradeableLoader && LoaderAccount.Decode(account.Data) is LoaderBuffer found && found.Authority == sender.Payer && found.Code.Length == length) return found.Code;
        }
        catch (FormatException)
        {
            // Told below.
        }

        throw new DeploymentException($"{buffer} is not the buffer of this deployment: another account is there. Move the state file away and start anew.");
    }

    // What a call that was killed has sent may land now, and make this one fail.
    private async Task SendUnlessDoneAsync(SolanaTransactionRequest request, Finality until, Func<Task<bool>> isDone, CancellationToken ct)
    {
        try
        {
            await sender.SendAsync(request, until, null, ct).ConfigureAwait(false);
        }
        catch (SolanaProgramException)
        {
            if (!await isDone().ConfigureAwait(false)) throw;
        }
    }

    // Clusters with SIMD-0164 want the authority's signature, older ones do not know that instruction.
    private async Task<SolanaDeployedProgram> ExtendAsync(SolanaDeployedProgram program, uint bytes, CancellationToken ct)
    {
        await WaitForLaterSlotAsync(program, ct).ConfigureAwait(false);
        try
        {
            await sender.SendAsync(new SolanaTransactionRequest(UpgradeableLoader.ExtendProgramChecked(program.Program, sender.Payer, sender.Payer, bytes)), Finality.Safe, null, ct).ConfigureAwait(false);
        }
        catch (SolanaProgramException e) when (e.ErrorName == "InvalidInstructionData")
        {
            await sender.SendAsync(new SolanaTransactionRequest(UpgradeableLoader.ExtendProgram(program.Program, sender.Payer, bytes)), Finality.Safe, null, ct).ConfigureAwait(false);
        }

        return await ReadAsync(program.Program, Finality.Safe, ct).ConfigureAwait(false) ?? throw new DeploymentException($"Program {program.Program} is gone.");
    }

    // The loader takes no less than its minimum, unless that is more than an account can hold.
    private static uint ExtensionFor(int wanted, int room) => (uint)Math.Min(LargestCode - room, Math.Max(wanted - room, (int)UpgradeableLoader.MinExtension));

    // The loader refuses to touch a program twice in one slot.
    private async Task WaitForLaterSlotAsync(SolanaDeployedProgram program, CancellationToken ct)
    {
        while (await rpc.GetSlotAsync(Finality.Safe, ct).ConfigureAwait(false) <= program.Slot) await Task.Delay(SlotWait, _time, ct).ConfigureAwait(false);
    }

    // What nodes say is final decides; then whatever is left of the buffer goes, and the state.
    private async Task<SolanaDeployedProgram> FinishAsync(SolanaDeploymentState state, ReadOnlyMemory<byte> code, string stateFile, Func<DeploymentProgress, Task>? report, CancellationToken ct)
    {
        var program = SolanaAddress.Parse(state.Program);
        var deployed = await ReadAsync(program, Finality.Finalized, ct).ConfigureAwait(false);
        while (deployed is null || !deployed.Holds(code.Span))
        {
            // Final a moment ago by the word of another node, or only confirmed when we looked first.
            var confirmed = await ReadAsync(program, Finality.Safe, ct).ConfigureAwait(false);
            if (confirmed is null || !confirmed.Holds(code.Span)) throw new DeploymentException($"Program {program} does not hold the code that was deployed: something else has changed it. Look who its authority is.");
            await Task.Delay(SlotWait, _time, ct).ConfigureAwait(false);
            deployed = await ReadAsync(program, Finality.Finalized, ct).ConfigureAwait(false);
        }

        if (File.Exists(stateFile))
        {
            await CloseBufferAsync(state.Buffer, ct).ConfigureAwait(false);
            File.Delete(stateFile);
        }

        if (report is not null) await report(new DeploymentProgress("program", 1, 1)).ConfigureAwait(false);
        return deployed;
    }

    private async Task<bool> HasAuthorityAsync(SolanaAddress program, SolanaAddress? wanted, CancellationToken ct)
    {
        var existing = await ReadAsync(program, Finality.Safe, ct).ConfigureAwait(false) ?? throw new DeploymentException($"There is no program {program} on this cluster.");
        if (existing.Authority == wanted) return true;
        CheckAuthority(existing);
        return false;
    }

    private void CheckAuthority(SolanaDeployedProgram existing)
    {
        if (existing.Authority != sender.Payer)
            throw new DeploymentException($"Program {existing.Program} {(existing.Authority is { } other ? $"may be changed by {other} only, not by {sender.Payer}. Use that key." : "is final: nobody can change it.")}");
    }

    // As much as fits beside the compute budget.
    private int PieceLength(SolanaAddress buffer)
    {
        for (var length = UpgradeableLoader.MaxWrite; ; length--)
        {
            SolanaInstruction[] instructions = [ComputeBudget.SetUnitLimit(1), ComputeBudget.SetUnitPrice(1), UpgradeableLoader.Write(buffer, sender.Payer, 0, new byte[length])];
            if (SolanaMessage.Measure(sender.Payer, instructions, null) <= SolanaMessage.MaxTransactionBytes) return length;
        }
    }

    private static ReadOnlyMemory<byte> Piece(ReadOnlyMemory<byte> code, int index, int length) => code.Slice(index * length, Math.Min(length, code.Length - (index * length)));
}
