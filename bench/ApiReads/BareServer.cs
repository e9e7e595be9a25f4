using System.Globalization;
using System.Text.Json;
using DePin.Storage.Read;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace DePin.Bench.ApiReads;

/// <summary>The reference: Kestrel and Npgsql alone, the same questions in the same words, rows written straight to the wire. No limits, no entity tags, no networks, no paging.</summary>
internal static class BareServer
{
    public static async Task RunAsync(string database, string url)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        await using var source = ReadSource.Create(database);
        app.Urls.Add(url);
        app.MapGet("/v1/devices/{token:long}", async (long token, HttpContext http) =>
        {
            await using var command = source.CreateCommand(DeviceReads.Columns + " where d.chain_id = $1 and d.token_id = $2");
            command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = 1 });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = token });
            await using var reader = await command.ExecuteReaderAsync();
            await AnswerAsync(http, async json =>
            {
                if (await reader.ReadAsync()) Write(json, reader);
            });
        });
        app.MapGet("/v1/devices", async (long cursor, int limit, HttpContext http) =>
        {
            await using var command = source.CreateCommand(DeviceReads.Columns +
                """
                 where d.chain_id = $1 and d.token_id > $2
                    and ($3::bytea is null or d.owner = $3) and ($4::integer is null or m.class = $4) and ($5::text is null or d.status = $5)
                    and ($6::bigint[] is null or exists (select from unnest($6::bigint[], $7::bigint[]) s (first, last) where d.cell between s.first and s.last))
                order by d.token_id limit $8
                """);
            command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = 1 });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = cursor });
            for (var i = 0; i < 5; i++) command.Parameters.AddWithValue(DBNull.Value);
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
            await using var reader = await command.ExecuteReaderAsync();
            await AnswerAsync(http, async json =>
            {
                json.WriteStartArray();
                while (await reader.ReadAsync()) Write(json, reader);
                json.WriteEndArray();
            });
        });
        await app.RunAsync();
    }

    private static async Task AnswerAsync(HttpContext http, Func<Utf8JsonWriter, Task> write)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        await write(json);
    }

    private static void Write(Utf8JsonWriter json, NpgsqlDataReader reader)
    {
        json.WriteStartObject();
        for (var i = 0; i < reader.FieldCount; i++)
        {
            json.WritePropertyName(reader.GetName(i));
            if (reader.IsDBNull(i)) json.WriteNullValue();
            else if (reader.GetFieldType(i) == typeof(string)) json.WriteStringValue(reader.GetString(i));
            else json.WriteNumberValue(Convert.ToInt64(reader.GetValue(i), CultureInfo.InvariantCulture));
        }

        json.WriteEndObject();
    }
}
