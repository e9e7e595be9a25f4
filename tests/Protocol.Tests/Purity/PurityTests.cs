using System.Reflection;
using System.Reflection.Emit;

namespace DePin.Protocol.Tests.Purity;

/// <summary>
/// Reads the compiled assembly: what two machines could answer differently occurs in no field, signature, local or call of it. The search of the
/// source for the same things lives with the architecture tests; this one also sees what the compiler or a library type brought in.
/// </summary>
public sealed class PurityTests
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Type[] Floating = [typeof(float), typeof(double), typeof(decimal), typeof(Half)];

    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    [Fact]
    public void No_field_signature_or_local_is_floating_point()
    {
        var found = Types().SelectMany(type => type.GetFields(All).Select(field => (Where: $"{type}.{field.Name}", Type: field.FieldType)))
            .Concat(Methods().SelectMany(method => method.GetParameters().Select(parameter => (Where: Name(method), Type: parameter.ParameterType))))
            .Concat(Methods().OfType<MethodInfo>().Select(method => (Where: Name(method), Type: method.ReturnType)))
            .Concat(Methods().SelectMany(method => (method.GetMethodBody()?.LocalVariables ?? []).Select(local => (Where: Name(method), Type: local.LocalType))))
            .Where(use => Mentions(use.Type, Floating)).Select(use => use.Where).Distinct();
        Assert.Empty(found);
    }

    /// <summary>Outside the round, whose course depends on what arrives when; what it agrees on does not.</summary>
    [Fact]
    public void No_hash_ordered_collection_is_walked()
    {
        string[] walks = ["GetEnumerator", "get_Keys", "get_Values", "CopyTo"];
        var found = Calls()
            .Where(call => call.Caller.DeclaringType?.Namespace != "DePin.Protocol.Rounds")
            .Where(call => IsHashOrdered(call.Target.DeclaringType) && walks.Contains(call.Target.Name)).Select(Describe).Distinct();
        Assert.Empty(found);
    }

    [Fact]
    public void No_clock_chance_machine_or_outside_world_is_asked()
    {
        string[] forbidden =
        [
            "System.DateTime", "System.DateTimeOffset", "System.TimeProvider", "System.Diagnostics.Stopwatch", "System.Random", "System.Guid", "System.Environment",
            "System.Security.Cryptography.RandomNumberGenerator", "System.Console", "System.IO.", "System.Net.", "System.Threading.Thread", "System.Threading.Tasks.Task",
        ];
        string[] allowed = ["System.Environment.get_CurrentManagedThreadId"];
        var found = Calls()
            .Where(call => call.Target.DeclaringType?.FullName is { } name && forbidden.Any(start => start.EndsWith('.') ? name.StartsWith(start, StringComparison.Ordinal) : name == start))
            .Where(call => !allowed.Contains($"{call.Target.DeclaringType!.FullName}.{call.Target.Name}"))
            .Select(Describe).Distinct();
        Assert.Empty(found);
    }

    [Fact]
    public void The_scan_sees_what_it_looks_for()
    {
        var method = typeof(PurityTests).GetMethod(nameof(Impure), All)!;
        Assert.Contains(method.GetMethodBody()!.LocalVariables, local => Mentions(local.LocalType, Floating));
        Assert.Contains(CallsOf(method), target => IsHashOrdered(target.DeclaringType) && target.Name == "GetEnumerator");
        Assert.Contains(CallsOf(method), target => target.DeclaringType == typeof(DateTime));
        Assert.True(Calls().Count() > 1_000);
    }

    private static double Impure(HashSet<int> set)
    {
        var sum = Math.Sqrt(DateTime.UtcNow.Ticks);
        foreach (var item in set) sum += item;
        return sum;
    }

    private static Type[] Types() => typeof(NetworkParameters).Assembly.GetTypes();

    private static IEnumerable<MethodBase> Methods() => Types().SelectMany(type => type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All)));

    private static IEnumerable<(MethodBase Caller, MethodBase Target)> Calls() => Methods().SelectMany(method => CallsOf(method).Select(target => (method, target)));

    private static string Describe((MethodBase Caller, MethodBase Target) call) => $"{Name(call.Caller)} calls {call.Target.DeclaringType}.{call.Target.Name}";

    private static string Name(MethodBase method) => $"{method.DeclaringType}.{method.Name}";

    private static bool Mentions(Type type, Type[] wanted) =>
        wanted.Contains(type) || (type.HasElementType && Mentions(type.GetElementType()!, wanted)) || (type.IsGenericType && type.GetGenericArguments().Any(argument => Mentions(argument, wanted)));

    private static bool IsHashOrdered(Type? type)
    {
        if (type is { IsNested: true }) type = type.DeclaringType;
        var name = type?.FullName ?? "";
        return name.StartsWith("System.Collections.Generic.Dictionary`2", StringComparison.Ordinal) || name.StartsWith("System.Collections.Generic.HashSet`1", StringComparison.Ordinal)
            || name.StartsWith("System.Collections.Concurrent.ConcurrentDictionary`2", StringComparison.Ordinal) || name.StartsWith("System.Collections.Frozen.", StringComparison.Ordinal);
    }

    private static List<MethodBase> CallsOf(MethodBase method)
    {
        var targets = new List<MethodBase>();
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } code) return targets;
        for (var at = 0; at < code.Length;)
        {
            short value = code[at++];
            if (value == 0xFE) value = (short)(0xFE00 | code[at++]);
            var operation = OpCodesByValue[value];
            if (operation.OperandType is OperandType.InlineMethod or OperandType.InlineTok)
            {
                var token = BitConverter.ToInt32(code, at);
                try
                {
                    var typeArguments = method.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : null;
                    var methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
                    if (method.Module.ResolveMember(token, typeArguments, methodArguments) is MethodBase target) targets.Add(target);
                }
                catch (ArgumentException) when (operation.OperandType == OperandType.InlineTok)
                {
                    // A token of a type or field; only methods matter here.
                }
            }
            at += operation.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, at)),
                _ => 4,
            };
        }
        return targets;
    }
}
