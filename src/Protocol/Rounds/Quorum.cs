namespace DePin.Protocol.Rounds;

/// <summary>n = 3f+1 operators of which f may do anything, and q = 2f+1 that must agree: any two quorums share an honest operator.</summary>
public readonly record struct Quorum
{
    /// <summary>Fewest operators.</summary>
    public const int MinOperators = 4;

    /// <summary>Most operators.</summary>
    public const int MaxOperators = 31;

    /// <summary>Takes n, one of 4, 7, … 31.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Another number.</exception>
    public Quorum(int operators)
    {
        if (operators is < MinOperators or > MaxOperators || operators % 3 != 1)
            throw new ArgumentOutOfRangeException(nameof(operators), operators, "The number of operators is 3f+1, from 4 to 31.");
        Operators = operators;
    }

    /// <summary>n.</summary>
    public int Operators { get; }

    /// <summary>f.</summary>
    public int Faulty => (Operators - 1) / 3;

    /// <summary>q: observations, prepares, commits, acknowledgements and report signatures alike.</summary>
    public int Size => (2 * Faulty) + 1;
}
