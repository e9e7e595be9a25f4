using System.Diagnostics.Metrics;
using DePin.Hosting;

namespace DePin.Api.Tests;

public sealed class PrometheusTextTests
{
    [Fact]
    public void Measurements_with_the_same_tags_are_one_series_in_whatever_order_the_tags_are_given()
    {
        var name = $"test-{Guid.NewGuid():N}";
        using var text = new PrometheusText(name);
        using var meter = new Meter(name);
        var requests = meter.CreateCounter<long>("requests");
        var times = meter.CreateHistogram<double>("times", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 10] });
        requests.Add(1, new("route", "/a"), new("status", 200));
        requests.Add(2, new("status", 200), new("route", "/a"));
        requests.Add(4, new("route", "/a"), new("status", 404));
        requests.Add(8, new KeyValuePair<string, object?>("route", "\"\\\n"));
        requests.Add(16);
        times.Record(0.5, new KeyValuePair<string, object?>("route", "/a"));
        times.Record(5, new KeyValuePair<string, object?>("route", "/a"));

        Assert.Equal(
            """
            # TYPE requests_total counter
            requests_total 16
            requests_total{route="/a",status="200"} 3
            requests_total{route="/a",status="404"} 4
            requests_total{route="\"\\\n"} 8
            # TYPE times histogram
            times_bucket{route="/a",le="1"} 1
            times_bucket{route="/a",le="10"} 2
            times_bucket{route="/a",le="+Inf"} 2
            times_sum{route="/a"} 5.5
            times_count{route="/a"} 2

            """.ReplaceLineEndings("\n"), text.Collect());
    }

    [Fact]
    public async Task Series_may_begin_while_the_text_is_written()
    {
        var name = $"test-{Guid.NewGuid():N}";
        using var text = new PrometheusText(name);
        using var meter = new Meter(name);
        var requests = meter.CreateCounter<long>("requests");
        var adding = Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++) requests.Add(1, new KeyValuePair<string, object?>("n", i));
        }, CancellationToken.None);
        while (!adding.IsCompleted) text.Collect();
        await adding;
        Assert.Equal(20_001, text.Collect().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void An_instrument_that_cannot_answer_hides_no_other()
    {
        var name = $"test-{Guid.NewGuid():N}";
        using var text = new PrometheusText(name);
        using var meter = new Meter(name);
        meter.CreateObservableGauge("broken", Broken, null, null);
        static long Broken() => throw new ObjectDisposedException("pool");
        meter.CreateObservableGauge<long>("whole", () => 7);

        Assert.Equal("# TYPE whole gauge\nwhole 7\n# TYPE depin_scrape_failures_total counter\ndepin_scrape_failures_total 1\n", text.Collect());
    }
}
