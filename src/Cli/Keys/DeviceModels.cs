using System.CommandLine;
using DePin.Chain;
using DePin.Chain.Evm;
using DePin.Cli.Network;
using DePin.ContractBindings.Evm;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Sdk.Network;

namespace DePin.Cli.Keys;

/// <summary>Models of devices: what a maker makes. The chain numbers them from 1.</summary>
internal static class DeviceModels
{
    public static async Task<int> ListAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        IReadOnlyList<DeviceModel> models = await AnyNetwork.OpenAsync(parsed, ct).ConfigureAwait(false) switch
        {
            SolanaNetworkAccess solana => [.. (await SolanaDevices.ModelsAsync(solana, ct).ConfigureAwait(false)).Select(m => new DeviceModel(m.ModelId, m.MakerId, m.Class, m.Capabilities, m.Cadence))],
            var network => await ReadAsync((EvmNetworkAccess)network, ct).ConfigureAwait(false),
        };
        output.Answer(
            models.Select(m => new { model = m.Id, maker = m.Maker, @class = m.Class, capabilities = m.Capabilities, cadence = m.Cadence }),
            models.Count == 0
                ? ["There are no models yet. A maker adds one with: depin device add-model"]
                : [.. models.Select(m => $"model {m.Id,3}  maker {m.Maker}  class {m.Class}  capabilities {m.Capabilities,3}  {(m.Cadence == 0 ? "no cadence" : $"a report every {m.Cadence} s")}")]);
        return ExitCodes.Success;
    }

    public static async Task<int> AddAsync(ParseResult parsed, Output output, uint maker, ushort @class, uint capabilities, uint cadence, CancellationToken ct) => await AnyNetwork.OpenAsync(parsed, ct).ConfigureAwait(false) switch
    {
        SolanaNetworkAccess solana => await SolanaDevices.AddModelAsync(parsed, output, solana, maker, new Depin.ModelSettings(@class, capabilities, cadence, Bytes32.Zero), ct).ConfigureAwait(false),
        var network => await AddAsync(parsed, output, (EvmNetworkAccess)network, new DeviceRegistry.AddModelCall(maker, @class, capabilities, cadence, Bytes32.Zero), ct).ConfigureAwait(false),
    };

    private static async Task<int> AddAsync(ParseResult parsed, Output output, EvmNetworkAccess network, DeviceRegistry.AddModelCall call, CancellationToken ct)
    {
        using var sender = new TransactionSender(network.Rpc, NetworkOptions.Sender(parsed), NetworkOptions.Fees);
        var receipt = await sender.SendAsync(network.Contracts.Devices, call, ct).ConfigureAwait(false);
        for (var i = 0; i < receipt.Logs.Count; i++)
        {
            if (!DeviceRegistry.ModelAddedEvent.TryDecode(receipt.Logs.View(i), out var added)) continue;
            output.Answer(new { model = added.ModelId, maker = call.MakerId, block = receipt.BlockNumber }, $"Model {added.ModelId} of maker {call.MakerId} exists since block {receipt.BlockNumber}.");
            return ExitCodes.Success;
        }

        throw new InvalidOperationException($"Block {receipt.BlockNumber} holds the transaction but not its event. Is the manifest that of another network?");
    }

    private static async Task<List<DeviceModel>> ReadAsync(EvmNetworkAccess network, CancellationToken ct)
    {
        var models = new List<DeviceModel>();
        try
        {
            for (uint id = 1; ; id++)
            {
                var model = await network.Rpc.CallAsync(network.Contracts.Devices, new DeviceRegistry.ModelCall(id), BlockTag.Latest, ct).ConfigureAwait(false);
                models.Add(new DeviceModel(id, model.MakerId, model.Class, model.Capabilities, model.Cadence));
            }
        }
        catch (EvmRevertException end) when (end.Is<DeviceRegistry.UnknownModelError>(out _))
        {
            return models; // that was the last
        }
    }

    private sealed record DeviceModel(uint Id, uint Maker, ushort Class, uint Capabilities, uint Cadence);
}
