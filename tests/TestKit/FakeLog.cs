using System.Numerics;
using System.Text;
using DePin.Cryptography;
using DePin.Mirror;

namespace DePin.TestKit;

/// <summary>A log to be mined by <see cref="FakeChain"/>.</summary>
/// <param name="Contract">Who emits it.</param>
/// <param name="Topics">Topic 0 and the indexed arguments.</param>
/// <param name="Data">ABI-encoded other arguments.</param>
public sealed record FakeLog(ContractKind Contract, Bytes32[] Topics, byte[] Data)
{
    /// <summary>
    /// An event with its arguments in order, the indexed ones first. Words: Address, Bytes32, integers, bool; dynamic: string, byte[], and arrays
    /// of addresses or words; an array of (Address, int) is an array of pairs.
    /// </summary>
    public static FakeLog Of(EventKind kind, params object[] arguments)
    {
        var definition = EventCatalog.All.Single(e => e.Kind == kind);
        Bytes32[] topics = [definition.Topic, .. arguments.Take(definition.Indexed).Select(Word)];
        return new FakeLog(definition.Contract, topics, Encode(arguments[definition.Indexed..]));
    }

    private static byte[] Encode(object[] arguments)
    {
        var head = new List<byte>();
        var tail = new List<byte>();
        foreach (var argument in arguments)
        {
            var dynamic = argument switch
            {
                byte[] bytes => Sized(bytes.Length, bytes),
                string text => Sized(Encoding.UTF8.GetByteCount(text), Encoding.UTF8.GetBytes(text)),
                Address[] list => Sized(list.Length, [.. list.SelectMany(a => Word(a).ToArray())]),
                Bytes32[] list => Sized(list.Length, [.. list.SelectMany(b => b.ToArray())]),
                (Address, int)[] list => Sized(list.Length, [.. list.SelectMany(p => (byte[])[.. Word(p.Item1).ToArray(), .. Word(p.Item2).ToArray()])]),
                _ => null,
            };
            if (dynamic is null)
            {
                head.AddRange(Word(argument).ToArray());
                continue;
            }

            head.AddRange(Word(new BigInteger((32 * arguments.Length) + tail.Count)).ToArray());
            tail.AddRange(dynamic);
        }

        return [.. head, .. tail];
    }

    private static byte[] Sized(int length, byte[] bytes) => [.. Word(new BigInteger(length)).ToArray(), .. bytes, .. new byte[(32 - (bytes.Length % 32)) % 32]];

    private static Bytes32 Word(object value) => value switch
    {
        Bytes32 word => word,
        Address address => address.ToBytes32(),
        bool flag => Bytes32.FromUInt64(flag ? 1UL : 0),
        BigInteger number => Bytes32.LeftPad(number.ToByteArray(isUnsigned: true, isBigEndian: true)),
        UInt128 number => Word((BigInteger)number),
        IConvertible number => Word(new BigInteger(number.ToDecimal(null))),
        _ => throw new ArgumentException($"{value.GetType().Name} is no ABI argument."),
    };
}
