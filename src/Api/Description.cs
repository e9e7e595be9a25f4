using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace DePin.Api;

/// <summary>The OpenAPI document: what the endpoints' types do not say of themselves, so that clients made from it have names, closed sets of words and errors.</summary>
internal static class Description
{
    // What a parameter of this name means is the same wherever it is.
    private static readonly Dictionary<string, string> Meanings = new(StringComparer.Ordinal)
    {
        ["network"] = "Which network, by CAIP-2 chain or network id; needed only where the API serves more than one.",
        ["limit"] = string.Create(CultureInfo.InvariantCulture, $"Items a page, 1 to {Paging.MaxLimit}; {Paging.DefaultLimit} where it is left out."),
        ["cursor"] = "The `next` of the page before, unchanged.",
        ["from"] = "Only what is of this moment or later (RFC 3339, with its offset). Of what is counted by epochs: those that begin then or later.",
        ["to"] = "Only what is before this moment (RFC 3339, with its offset). Of what is counted by epochs: those that begin before it.",
        ["sort"] = "Order; the first where it is left out. A cursor belongs to one order.",
        ["owner"] = "Only those of this owner: an address as the network's chain writes it.",
        ["class"] = "Only of this resource class: see /v1/classes.",
        ["cell"] = "Only those in this H3 cell, of any resolution, or in one within it.",
        ["status"] = "Only those in this state.",
        ["judgement"] = "Only those that were judged so.",
        ["epoch"] = "Number of an epoch; the first is 1.",
        ["resolution"] = "Of the H3 cells: 0 (1,100 km) to 15 (1 m).",
        ["events"] = "Which kinds of events, with commas between; all where it is left out.",
        ["address"] = "An address as the network's chain writes it: 0x and 40 hexadecimal digits; base58 on Solana, where 64 hexadecimal digits would do too.",
        ["id"] = "An id: 0x and 64 hexadecimal digits; of a device its token id would do too.",
    };

    public static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "DePin.Dapp API";
            document.Info.Version = "v1";
            document.Info.Description = "Reads of a mirrored network: devices, proofs and verdicts, epochs and reports, rewards and claims. Amounts are decimal text in base units; lists are paged by cursor; errors are RFC 9457 problem details with a stable code.";
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            foreach (var parameter in (operation.Parameters ?? []).OfType<OpenApiParameter>())
            {
                parameter.Description ??= Meanings.GetValueOrDefault(parameter.Name!);
                if (parameter.Schema is not OpenApiSchema schema) continue;
                if (parameter.Name is "from" or "to") schema.Format = "date-time";
                if (WordsOf(context.Description, parameter.Name!) is { } words) schema.Enum = [.. words.Select(w => (JsonNode)w)];
            }

            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            if (context.JsonTypeInfo.Type != typeof(ProblemDetails)) return Task.CompletedTask;
            (schema.Properties ??= new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal))["code"] =
                new OpenApiSchema { Type = JsonSchemaType.String, Description = "What went wrong, for programs; codes are never renamed." };
            return Task.CompletedTask;
        });
    }

    private static IEnumerable<string>? WordsOf(ApiDescription operation, string parameter) =>
        operation.ParameterDescriptions.Single(p => p.Name == parameter).ParameterDescriptor is IParameterInfoParameterDescriptor descriptor
            ? descriptor.ParameterInfo.GetCustomAttribute<AllowedValuesAttribute>()?.Values.OfType<string>()
            : null;
}
