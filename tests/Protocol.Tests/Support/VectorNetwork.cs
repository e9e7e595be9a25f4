using DePin.Cryptography;
using DePin.Protocol.Registry;

namespace DePin.Protocol.Tests.Support;

/// <summary>The made-up network of the golden vectors.</summary>
internal static class VectorNetwork
{
    public static NetworkConfig Config()
    {
        var (network, config) = (VectorFile.Load("network"), VectorFile.Load("config"));
        var operators = network["operators"]!;
        return new NetworkConfig
        {
            Kind = (ChainKind)(byte)network.Number("kind"),
            Chain = network.Word("chain"),
            Verifier = network.Account("verifier"),
            Distributor = network.Account("distributor"),
            Token = network.Account("token"),
            ConfigCount = (ulong)config.Number("configCount"),
            FirstEpoch = new Epoch((ulong)config.Number("firstEpoch")),
            Operators = [.. operators.Rows("addresses").Zip(operators.Rows("protocolKeys"), static (address, key) =>
                new OperatorKeys(Address.Parse(address!.GetValue<string>()), Bytes32.Parse(key!.GetValue<string>())))],
            ParametersHash = config.Word("parametersHash"),
            RulesHash = config.Word("rulesHash"),
        };
    }
}
