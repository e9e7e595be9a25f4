using System.CommandLine;
using DePin.Chain;
using DePin.Chain.Evm;
using DePin.Cli.Network;
using DePin.ContractBindings.Evm;

namespace DePin.Cli.Keys;

/// <summary>Models of devices: what a maker makes. The chain numbers them from 1.</summary>
internal static class DeviceModels
{
    public static async Task<int> ListAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var network = await NetworkOptions.AccessAsync(parsed, ct).ConfigureAwait(false);
        var models = new List<(uint Id, DeviceRegistry.Model Model)>();
        try
        {
            for (uint id = 1; ; id++) models.Add((id, await network.Rpc.CallAsync(network.Contracts.Devices, new DeviceRegistry.ModelCall(id), BlockTag.Latest, ct).ConfigureAwait(false)));
        }
        catch (EvmRevertException end) when (end.Is<DeviceRegistry.UnknownModelError>(out _))
        {
            // That was the last.
        }

        output.Answer(
            models.Select(m => new { model = m.Id, maker = m.Model.MakerId, @class = m.Model.Class, capabilities = m.Model.Capabilities, cadence = m.Model.Cadence }),
            models.Count == 0
                ? ["There are no models yet. A maker adds one with: depin device add-model"]
                : [.. models.Select(m => $"model {m.Id,3}  maker {m.Model.MakerId}  class {m.Model.Class}  capabilities {m.Model.Capabilities,3}  {(m.Model.Cadence == 0 ? "no cadence" : $"a report every {m.Model.Cadence} s")}")]);
        return ExitCodes.Success;
    }

    public static async Task<int> AddAsync(ParseResult parsed, Output output, DeviceRegistry.AddModelCall call, CancellationToken ct)
    {
        var network = await NetworkOptions.AccessAsync(parsed, ct).ConfigureAwait(false);
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
}
