using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace DePin.Chain.Rpc;

/// <summary>
/// A provider in the settings: <c>Rpc__0</c> = its URL, or <c>Rpc__0__Url</c> and what else is to be said of it.
/// </summary>
[TypeConverter(typeof(FromUrl))]
public sealed record RpcProviderOptions
{
    /// <summary>JSON-RPC over HTTP; where nothing else is said of the provider, the URL may be given in its place.</summary>
    public Uri? Url { get; init; }

    /// <summary>Most calls a second, each call of a batch for one; 0 = no limit. Default 0.</summary>
    [Range(0, 1_000_000)]
    public double CallsPerSecond { get; init; }

    /// <summary>Where new heads can be subscribed to (ws or wss); null = nowhere, the tip is polled.</summary>
    public Uri? WebSocket { get; init; }

    /// <summary>The end point.</summary>
    /// <exception cref="ValidationException">The URL is missing or of another kind; the message names the setting.</exception>
    public RpcEndPoint ToEndPoint(string setting, string? label = null)
    {
        Validator.ValidateObject(this, new ValidationContext(this), validateAllProperties: true);
        if (Url is not { IsAbsoluteUri: true, Scheme: "http" or "https" }) throw new ValidationException($"Set {setting} to the http or https URL of a node of the network's chain.");
        if (WebSocket is not null and not { IsAbsoluteUri: true, Scheme: "ws" or "wss" }) throw new ValidationException($"{setting}:WebSocket is no ws or wss URL.");
        return new RpcEndPoint(Url, CallsPerSecond, label);
    }

    private sealed class FromUrl : TypeConverter
    {
        public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType) => sourceType == typeof(string);

        public override object ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value) =>
            new RpcProviderOptions { Url = Uri.TryCreate((string)value, UriKind.Absolute, out var url) ? url : null };
    }
}
