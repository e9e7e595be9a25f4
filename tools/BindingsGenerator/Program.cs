using DePin.BindingsGenerator;
using DePin.BindingsGenerator.Solana;

// BindingsGenerator evm <artifacts folder> <output folder> [--check]
// BindingsGenerator solana <IDL, or folder of IDLs> <output folder> [--namespace <name>] [--check]
var rest = args.Skip(3).ToList();
var check = rest.Remove("--check");
var space = SolanaGenerator.DefaultNamespace;
if (args is ["solana", ..] && rest is ["--namespace", var named])
{
    space = named;
    rest.Clear();
}

if (args.Length < 3 || args[0] is not ("evm" or "solana") || rest.Count > 0)
{
    Console.Error.WriteLine("usage: BindingsGenerator evm <artifacts folder> <output folder> [--check]");
    Console.Error.WriteLine("       BindingsGenerator solana <IDL, or folder of IDLs> <output folder> [--namespace <name>] [--check]");
    return 2;
}

SortedDictionary<string, string> files;
try
{
    files = args[0] == "evm" ? Generator.Generate(args[1]) : SolanaGenerator.Generate(args[1], space);
}
catch (InvalidDataException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

if (files.Count == 0)
{
    Console.Error.WriteLine($"'{args[1]}' holds no artifacts (*.json with an \"abi\"). Build the contracts first.");
    return 1;
}

return new OutputFolder(args[2]).Apply(files, check);
