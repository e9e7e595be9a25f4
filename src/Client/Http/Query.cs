using System.Globalization;
using System.Text;

namespace DePin.Client.Http;

/// <summary>A path below the base address, and parameters; those that are null are left out.</summary>
internal sealed class Query(string path)
{
    private readonly StringBuilder _text = new(path);
    private bool _any;

    public Query With(string name, string? value)
    {
        if (value is null) return this;
        _text.Append(_any ? '&' : '?').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        _any = true;
        return this;
    }

    public Query With<T>(string name, T? value)
        where T : struct, IFormattable => With(name, value?.ToString(null, CultureInfo.InvariantCulture));

    /// <summary>A value by its name in the API: camel case.</summary>
    public Query Named<T>(string name, T? value)
        where T : struct, Enum => With(name, value is { } one ? System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(one.ToString()) : null);

    public Query With(PageRequest page) => With("limit", page.Limit).With("cursor", page.Cursor);

    public Query With(DeviceFilter filter) => With("owner", filter.Owner?.ToString()).With("class", filter.Class?.Value).Named("status", filter.Status).With("cell", filter.Cell?.Value.ToString("x", CultureInfo.InvariantCulture))
        .With(filter.Registered);

    public Query With(Period period) => With("from", Moment(period.From)).With("to", Moment(period.To));

    public Query With(RewardFilter filter) => With("epoch", filter.Epoch?.Value).With("class", filter.Class?.Value).With(filter.Earned);

    private static string? Moment(DateTimeOffset? moment) => moment?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    public Uri ToUri() => new(_text.ToString(), UriKind.Relative);
}
