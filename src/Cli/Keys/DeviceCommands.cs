using System.CommandLine;
using System.Globalization;
using DePin.Abi;
using DePin.Chain.Evm;
using DePin.Cli.Network;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.DeviceSdk;
using DePin.Protocol;
using DePin.Protocol.Proofs;
using DePin.Protocol.Verification.Sensing;
using DePin.Sdk.Network;
using DePin.Sdk.Registration;

namespace DePin.Cli.Keys;

/// <summary><c>depin device</c>: what a device and its owner do.</summary>
public static class DeviceCommands
{
    private static readonly Option<string> Out = new("--out", "-o") { Description = "Key file to write", DefaultValueFactory = _ => "device.key" };
    private static readonly Option<string> Device = new("--device") { Description = "The device's key file", DefaultValueFactory = _ => "device.key" };
    private static readonly Option<int> Model = new("--model") { Description = "Model id, which names maker and class", Required = true };
    private static readonly Option<string?> Owner = new("--owner") { Description = "Account that owns the device and is paid (default: the sender)" };
    private static readonly Option<string> Maker = new("--maker") { Description = "The key file of the model's maker, who vouches for the device (on a dev network: keys/maker.key of its data folder; on Solana its account's or its approval key's)", Required = true };
    private static readonly Option<string?> Cell = new("--cell") { Description = "H3 cell in hexadecimal" };
    private static readonly Option<int> Class = new("--class") { Description = "Resource class (2 with --reading)", DefaultValueFactory = _ => EnvironmentSensing.ClassId.Value };
    private static readonly Option<int> Schema = new("--schema") { Description = "Payload layout", DefaultValueFactory = _ => 1 };
    private static readonly Option<string?> Payload = new("--payload") { Description = "The class's canonical bytes in hexadecimal" };
    private static readonly Option<string[]> Readings = new("--reading", "-r")
    {
        Description = "Instead of --payload, for sensors: temperature=18.4 (°C), humidity=55 (%), pressure=1013.2 (hPa), pm1, pm25, pm10 (µg/m³); may be given again",
        DefaultValueFactory = _ => [],
    };

    private static readonly Option<int> Patience = new("--timeout") { Description = "Seconds to wait for the certificate", DefaultValueFactory = _ => 300 };
    private static readonly Option<int> NewClass = new("--class") { Description = "Resource class: 1 wireless coverage, 2 environment sensing", Required = true };
    private static readonly Option<uint> Capabilities = new("--capabilities") { Description = "What the class makes of it; for sensors the sum of 1 temperature, 2 humidity, 4 pressure, 8 PM1, 16 PM2.5, 32 PM10", Required = true };
    private static readonly Option<uint> Cadence = new("--cadence") { Description = "Seconds between reports, for classes that pay by the hour; 0 = no cadence", DefaultValueFactory = _ => 0u };
    private static readonly Option<uint> MakerId = new("--maker-id") { Description = "Number of the maker, whose account sends", DefaultValueFactory = _ => 1u };
    private static readonly Option<long?> Time = new("--time") { Description = "Network time in ms since 1970 (default: the newest block's)" };
    private static readonly Option<long?> Sequence = new("--sequence") { Description = "Above that of every earlier proof (default: the time)" };

    /// <summary>The command.</summary>
    public static Command Create() => new("device", "Keys, registration and proofs of a device")
    {
        new Command("keygen", "Make a device key; its device id is shown") { Out, KeyCommands.TypeOption }.Does(KeygenAsync),
        new Command("models", "Models that devices can be registered under") { NetworkOptions.Manifest, NetworkOptions.Rpc }.Does(DeviceModels.ListAsync),
        new Command("add-model", "Add a model; its maker sends") { NewClass, Capabilities, Cadence, MakerId, NetworkOptions.Manifest, NetworkOptions.Rpc, NetworkOptions.Key }.Does((parsed, output, ct) =>
            DeviceModels.AddAsync(parsed, output, parsed.GetValue(MakerId), (ushort)parsed.GetValue(NewClass), parsed.GetValue(Capabilities), parsed.GetValue(Cadence), ct)),
        new Command("register", "Register a device: it signs, its maker vouches, anyone may send") { Device, KeyCommands.ReadTypeOption, Model, Owner, Maker, Cell, NetworkOptions.Manifest, NetworkOptions.Rpc, NetworkOptions.Key }.Does(RegisterAsync),
        new Command("prove", "Sign a proof, post it to f + 1 operators and wait until it is certified") { Device, KeyCommands.ReadTypeOption, Class, Schema, Payload, Readings, Time, Sequence, Patience, NetworkOptions.Manifest, NetworkOptions.Rpc }.Does(ProveAsync),
    };

    private static Task<int> KeygenAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var key = PrivateKey.Generate(parsed.GetValue(KeyCommands.TypeOption) ?? KeyType.Secp256k1);
        KeyCommands.Save(key, parsed.GetRequiredValue(Out));
        KeyCommands.Show(output, key, parsed.GetRequiredValue(Out));
        return Task.FromResult(ExitCodes.Success);
    }

    private static async Task<int> RegisterAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var device = KeyCommands.Load(parsed, parsed.GetRequiredValue(Device));
        var (model, owner, maker) = ((uint)parsed.GetValue(Model), parsed.GetValue(Owner), parsed.GetRequiredValue(Maker));
        var cell = parsed.GetValue(Cell) is { } hex
            ? ulong.TryParse(hex.AsSpan(hex.StartsWith("0x", StringComparison.Ordinal) ? 2 : 0), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value) ? value : throw new CliException($"'{hex}' is no H3 cell.", ExitCodes.Usage)
            : 0;
        return await AnyNetwork.OpenAsync(parsed, ct).ConfigureAwait(false) switch
        {
            SolanaNetworkAccess solana => await SolanaDevices.RegisterAsync(parsed, output, solana, device, model, owner, maker, cell, ct).ConfigureAwait(false),
            var network => await RegisterAsync(parsed, output, (EvmNetworkAccess)network, device, model, owner, PrivateKey.Load(maker, KeyType.Secp256k1), cell, ct).ConfigureAwait(false),
        };
    }

    private static async Task<int> RegisterAsync(
        ParseResult parsed, Output output, EvmNetworkAccess network, PrivateKey device, uint model, string? ownerText, PrivateKey maker, ulong cell, CancellationToken ct)
    {
        using var sender = new TransactionSender(network.Rpc, NetworkOptions.Sender(parsed), NetworkOptions.Fees);
        var owner = ownerText is null ? sender.Account : Address.Parse(ownerText);
        var registration = new DeviceRegistration(await network.Rpc.GetChainIdAsync(ct).ConfigureAwait(false), network.Contracts.Devices);
        var deadline = await network.GetTimeAsync(ct).ConfigureAwait(false) + 7 * 86_400;
        var call = registration.Sign(device, owner, model, cell, null, maker, deadline);
        var receipt = await sender.SendAsync(network.Contracts.Devices, call, ct).ConfigureAwait(false);
        var token = await network.Rpc.CallAsync(network.Contracts.Devices, new DeviceRegistry.TokenOfCall(device.PublicKey.DeviceId), BlockTag.Latest, ct).ConfigureAwait(false);
        output.Answer(
            new { deviceId = device.PublicKey.DeviceId, token = token.ToString(), owner, block = receipt.BlockNumber },
            $"Device {device.PublicKey.DeviceId} is token {token} of {owner}, registered in block {receipt.BlockNumber}.");
        return ExitCodes.Success;
    }

    private static async Task<int> ProveAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var key = KeyCommands.Load(parsed, parsed.GetRequiredValue(Device));
        var network = await AnyNetwork.OpenAsync(parsed, ct).ConfigureAwait(false);
        var time = (ulong?)parsed.GetValue(Time) ?? (await network.GetTimeAsync(ct).ConfigureAwait(false) * 1000);
        var sequence = (ulong?)parsed.GetValue(Sequence) ?? time;
        var payload = PayloadOf(parsed, time);
        await CheckRegisteredAsync(network, key.PublicKey.DeviceId, (ushort)parsed.GetValue(Class), ct).ConfigureAwait(false);
        var proof = DeviceProof.Create(network.Id, new ClassId((ushort)parsed.GetValue(Class)), (ushort)parsed.GetValue(Schema), new DeviceId(key.PublicKey.DeviceId), sequence, time, payload);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        using var telemetry = CliTelemetry.Start();
        await using var outbox = new ProofOutbox(http, await network.GetOperatorsAsync(ct).ConfigureAwait(false), capacity: 1, chainTries: 5);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromSeconds(parsed.GetValue(Patience)));
        try
        {
            await output.WaitAsync("waiting for the certificate", async _ =>
            {
                await outbox.SendAsync(new SignedProof(proof, key.Sign(proof.Envelope.Span)), limit.Token).ConfigureAwait(false);
                await outbox.DrainAsync(limit.Token).ConfigureAwait(false);
                return true;
            }).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new CliException(
                $"{(outbox.Counts.Durable == 1 ? "f + 1 operators hold the proof, but it was not certified" : "Fewer than f + 1 operators took the proof")} within {parsed.GetValue(Patience)} s. See who answers with `depin operator status`, "
                + $"then send the very same proof again: --time {time} --sequence {sequence}.");
        }

        var certified = outbox.Counts.Certified == 1;
        var reason = string.Join(", ", outbox.Refusals.Keys);
        output.Answer(
            new { proofId = proof.Id.Value, sequence, time, certified, refusal = certified ? null : reason, falseReceipts = outbox.FalseReceipts.Keys },
            [
                certified ? $"Proof {proof.Id} (sequence {sequence}) is certified: it cannot be lost." : $"No operator takes the proof: {reason}. What the reasons mean: docs/journeys.md.",
                .. outbox.FalseReceipts.Keys.Order().Select(o => $"Operator {o} gave a receipt that it did not sign: it was not counted."),
            ]);
        return certified ? ExitCodes.Success : ExitCodes.Refused;
    }

    private static byte[] PayloadOf(ParseResult parsed, ulong time)
    {
        var readings = parsed.GetValue(Readings) ?? [];
        if (parsed.GetValue(Payload) is { } hex)
        {
            if (readings.Length > 0) throw new CliException("Give either --payload or --reading.", ExitCodes.Usage);
            return Hex.TryParse(hex, out var payload) ? payload : throw new CliException("The payload is not hexadecimal.", ExitCodes.Usage);
        }

        if (readings.Length == 0) throw new CliException("What does the device state? For a sensor, for example, --reading temperature=18.4; for any class --payload with its bytes.", ExitCodes.Usage);
        if (parsed.GetValue(Class) != EnvironmentSensing.ClassId.Value) throw new CliException($"Readings are statements of class {EnvironmentSensing.ClassId}; for class {parsed.GetValue(Class)} give --payload.", ExitCodes.Usage);
        return SensorReadings.Parse(readings, time).ToBytes();
    }

    // What operators would refuse for certain is said here, with what to do.
    private static async Task CheckRegisteredAsync(INetworkAccess network, Bytes32 deviceId, ushort wanted, CancellationToken ct)
    {
        var device = await network.FindDeviceAsync(deviceId, ct).ConfigureAwait(false) ?? throw new CliException($"Device {deviceId} is not registered. Register it first: depin device register", ExitCodes.Refused);
        if (device.Class != wanted) throw new CliException($"Device {deviceId} is of model {device.Model}, class {device.Class}: it cannot prove for class {wanted}. Pass --class {device.Class}.", ExitCodes.Refused);
    }
}
