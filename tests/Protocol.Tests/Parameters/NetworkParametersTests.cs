using System.Text;
using DePin.Protocol.Parameters;
using DePin.Protocol.Tests.Support;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Tests.Parameters;

public sealed class NetworkParametersTests
{
    [Theory]
    [InlineData("\"epochGraceSeconds\": 60", "\"epochGraceSeconds\": 60.0", "64 bits")]
    [InlineData("\"epochGraceSeconds\": 60", "\"epochGraceSeconds\": 6e1", "64 bits")]
    [InlineData("\"epochGraceSeconds\": 60", "\"epochGraceSeconds\": -1", "epochGraceSeconds")]
    [InlineData("\"epochGraceSeconds\": 60", "\"epochGraceSeconds\": true", "64 bits")]
    [InlineData("\"epochGraceSeconds\": 60", "\"epochGraceSeconds\": null", "64 bits")]
    [InlineData("\"epochGraceSeconds\": 60", "\"epochGraceSeconds\": 9223372036854775808", "64 bits")]
    [InlineData("\"epochGraceSeconds\": 60", "\"epochGraceSecond\": 60", "'epochGraceSeconds' is missing")]
    [InlineData("\"name\": \"test\"", "\"name\": \"test\", \"colour\": \"red\"", "'colour' is unknown")]
    [InlineData("\"name\": \"test\"", "\"name\": \"test\", \"name\": \"twice\"", "occurs twice")]
    [InlineData("\"name\": \"test\"", "\"name\": \"t\\u00e9st\"", "ASCII")]
    [InlineData("\"100\"", "\"0100\"", "leading zeros")]
    [InlineData("\"100\"", "\"-1\"", "decimal digits")]
    [InlineData("\"100\"", "100", "must be a string")]
    [InlineData("\"100\"", "\"340282366920938463463374607431768211456\"", "2^128")]
    [InlineData("\"poolBps\": 6000", "\"poolBps\": 7001", "more than 10,000")]
    [InlineData("\"class\": 2", "\"class\": 1", "above the class before it")]
    [InlineData("\"class\": 2", "\"class\": 0", "classes[1].class")]
    [InlineData("\"classes\": [", "\"classes\": [ 5,", "must be an object")]
    public void Names_the_key_that_is_wrong(string right, string wrong, string message)
    {
        var text = TestNetwork.ParameterText();
        Assert.Contains(right, text, StringComparison.Ordinal);
        var error = Assert.Throws<ParameterException>(() => Parse(text.Replace(right, wrong, StringComparison.Ordinal)));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(86_400, 86_400, "b", null)]
    [InlineData(86_400, 0, "b", "shift of the first set")]
    [InlineData(86_401, 86_401, "b", "whole days")]
    [InlineData(86_400, 86_400, "a", "second time")]
    public void Each_replayed_set_has_a_shift_of_its_own_in_whole_days(long first, long stated, string second, string? message)
    {
        var text = TestNetwork.ParameterText().Replace(
            "\"name\": \"test\"",
            $$"""
            "name": "test", "replayShiftSeconds": {{stated}}, "replay": [ { "set": "a", "shiftSeconds": {{first}}, "days": 4 }, { "set": "{{second}}", "shiftSeconds": -172800, "days": 9 } ]
            """,
            StringComparison.Ordinal);
        if (message is not null)
        {
            Assert.Contains(message, Assert.Throws<ParameterException>(() => Parse(text)).Message, StringComparison.Ordinal);
            return;
        }

        var parameters = Parse(text);
        Assert.Equal<ReplayedSet>(new[] { new ReplayedSet("a", first, 4), new ReplayedSet("b", -172_800, 9) }, parameters.Replay.ToArray());
        // Whoever moves the second set, which the manifest's own field does not state, has other parameters.
        Assert.NotEqual(parameters.Hash, Parse(text.Replace("-172800", "-86400", StringComparison.Ordinal)).Hash);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{} {}")]
    public void Refuses_what_is_not_one_object(string text) => Assert.Throws<ParameterException>(() => Parse(text));

    [Fact]
    public void Any_change_of_a_value_changes_the_hash()
    {
        var text = TestNetwork.ParameterText();
        Assert.NotEqual(Parse(text).Hash, Parse(TestNetwork.ParameterText(lateSeconds: 3_601)).Hash);
        Assert.Equal(Parse(text).Hash, Parse(text.Replace("  ", " \n\t", StringComparison.Ordinal)).Hash);
    }

    [Fact]
    public void Binding_names_a_class_or_version_that_this_build_lacks()
    {
        var catalog = new ClassCatalog([MarkClass.Implementation(1)]);
        var error = Assert.Throws<ParameterException>(() => catalog.Bind(Parse(TestNetwork.ParameterText())));
        Assert.Contains("class 2 with rules version 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_class_refuses_parameters_that_it_does_not_know()
    {
        var text = TestNetwork.ParameterText().Replace("\"poolBps\": 3000", "\"poolBps\": 3000, \"parameters\": { \"typo\": 1 }", StringComparison.Ordinal);
        var error = Assert.Throws<ParameterException>(() => new ClassCatalog([MarkClass.Implementation(1), MarkClass.Implementation(2)]).Bind(Parse(text)));
        Assert.Contains("classes[1].parameters.typo", error.Message, StringComparison.Ordinal);
    }

    private static NetworkParameters Parse(string text) => NetworkParameters.Parse(Encoding.UTF8.GetBytes(text));
}
