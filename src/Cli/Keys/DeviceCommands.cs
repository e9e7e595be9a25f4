using System.CommandLine;
using System.Globalization;
using DePin.Abi;
using DePin.Chain.Evm;
using DePin.Cli.Network;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Proofs;
using DePin.Sdk.Proofs;
using DePin.Sdk.Registration;

namespace DePin.Cli.Keys;

/// <summary><c>depin device</c>: what a device and its owner do.</summary>
public static class DeviceCommands
{
    private static readonly Option<string> Out = new("--out", "-o") { Description = "Key file to write", DefaultValueFactory = _ => "device.key" };
    private static readonly Option<string> Device = new("--device") { Description = "The device's key file", DefaultValueFactory = _ => "device.key" };
    private static readonly Option<int> Model = new("--model") { Description = "Model id, which names maker and class", Required = true };
    private static readonly Option<string?> Owner = new("--owner") { Description = "Account that owns the device and is paid (default: the sender)" };
    private static readonly Option<string?> Maker = new("--maker") { Description = "The maker's key file; needed where the device is in no batch" };
    private static readonly Option<string?> Cell = new("--cell") { Description = "H3 cell in hexadecimal" };
    private static readonly Option<int> Class = new("--class") { Description = "Resource class", Required = true };
    private static readonly Option<int> Schema = new("--schema") { Description = "Payload layout", DefaultValueFactory = _ => 1 };
    private static readonly Option<string> Payload = new("--payload") { Description = "The class's canonical bytes in hexadecimal", Required = true };
    private static readonly Option<long?> Time = new("--time") { Description = "Network time in ms since 1970 (default: the newest block's)" };
    private static readonly Option<long?> Sequence = new("--sequence") { Description = "Above that of every earlier proof (default: the time)" };

    /// <summary>The command.</summary>
    public static Command Create() => new("device", "Keys, registration and proofs of a device")
    {
        new Command("keygen", "Make a device key; its device id is shown") { Out, KeyCommands.TypeOption }.Does(KeygenAsync),
        new Command("register", "Register a device: it signs, its maker vouches, anyone may send") { Device, KeyCommands.TypeOption, Model, Owner, Maker, Cell, NetworkOptions.Manifest, NetworkOptions.Rpc, NetworkOptions.Key }.Does(RegisterAsync),
        new Command("prove", "Sign a proof, post it to f + 1 operators and wait until it is certified") { Device, KeyCommands.TypeOption, Class, Schema, Payload, Time, Sequence, NetworkOptions.Manifest, NetworkOptions.Rpc }.Does(ProveAsync),
    };

    private static Task<int> KeygenAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var key = PrivateKey.Generate(parsed.GetValue(KeyCommands.TypeOption));
        KeyCommands.Save(key, parsed.GetRequiredValue(Out));
        KeyCommands.Show(output, key, parsed.GetRequiredValue(Out));
        return Task.FromResult(ExitCodes.Success);
    }

    private static async Task<int> RegisterAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var device = PrivateKey.Load(parsed.GetRequiredValue(Device), parsed.GetValue(KeyCommands.TypeOption));
        var maker = parsed.GetValue(Maker) is { } file ? PrivateKey.Load(file, KeyType.Secp256k1) : null;
        var network = NetworkOptions.Access(parsed);
        using var sender = new TransactionSender(network.Rpc, NetworkOptions.Sender(parsed), NetworkOptions.Fees);
        var owner = parsed.GetValue(Owner) is { } text ? Address.Parse(text) : sender.Account;
        var cell = parsed.GetValue(Cell) is { } hex
            ? ulong.TryParse(hex.AsSpan(hex.StartsWith("0x", StringComparison.Ordinal) ? 2 : 0), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value) ? value : throw new CliException($"'{hex}' is no H3 cell.", ExitCodes.Usage)
            : 0;
        var registration = new DeviceRegistration(await network.Rpc.GetChainIdAsync(ct).ConfigureAwait(false), network.Contracts.Devices);
        var deadline = await network.GetTimeAsync(ct).ConfigureAwait(false) + 7 * 86_400;
        var call = registration.Sign(device, owner, (uint)parsed.GetValue(Model), cell, null, maker, deadline);
        var receipt = await sender.SendAsync(network.Contracts.Devices, call, ct).ConfigureAwait(false);
        var token = await network.Rpc.CallAsync(network.Contracts.Devices, new DeviceRegistry.TokenOfCall(device.PublicKey.DeviceId), BlockTag.Latest, ct).ConfigureAwait(false);
        output.Answer(
            new { deviceId = device.PublicKey.DeviceId, token = token.ToString(), owner, block = receipt.BlockNumber },
            $"Device {device.PublicKey.DeviceId} is token {token} of {owner}, registered in block {receipt.BlockNumber}.");
        return ExitCodes.Success;
    }

    private static async Task<int> ProveAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var key = PrivateKey.Load(parsed.GetRequiredValue(Device), parsed.GetValue(KeyCommands.TypeOption));
        var network = NetworkOptions.Access(parsed);
        if (!Hex.TryParse(parsed.GetRequiredValue(Payload), out var payload)) throw new CliException("The payload is not hexadecimal.", ExitCodes.Usage);
        var time = (ulong?)parsed.GetValue(Time) ?? (await network.GetTimeAsync(ct).ConfigureAwait(false) * 1000);
        var sequence = (ulong?)parsed.GetValue(Sequence) ?? time;
        var proof = DeviceProof.Create(network.Id, new ClassId((ushort)parsed.GetValue(Class)), (ushort)parsed.GetValue(Schema), new DeviceId(key.PublicKey.DeviceId), sequence, time, payload);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        await using var outbox = new ProofOutbox(http, await network.GetOperatorsAsync(ct).ConfigureAwait(false), capacity: 1);
        await outbox.SendAsync(new SignedProof(proof, key.Sign(proof.Envelope.Span)), ct).ConfigureAwait(false);
        await outbox.DrainAsync(ct).ConfigureAwait(false);
        var certified = outbox.Counts.Certified == 1;
        var reason = string.Join(", ", outbox.Refusals.Keys);
        output.Answer(
            new { proofId = proof.Id.Value, sequence, time, certified, refusal = certified ? null : reason },
            certified ? $"Proof {proof.Id} (sequence {sequence}) is certified: it cannot be lost." : $"No operator takes the proof: {reason}.");
        return certified ? ExitCodes.Success : ExitCodes.Refused;
    }
}
