using DePin.SbfLinker;

// SbfLinker <object> <shared object>
if (args.Length != 2)
{
    Console.Error.WriteLine("usage: SbfLinker <object of llvm-mc> <shared object to write>");
    return 2;
}

try
{
    var linked = Linker.Link(File.ReadAllBytes(args[0]));
    File.WriteAllBytes(args[1], linked);
    return 0;
}
catch (LinkException e)
{
    Console.Error.WriteLine($"{args[0]}: {e.Fault}: {e.Message}");
    return 1;
}
catch (IOException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
