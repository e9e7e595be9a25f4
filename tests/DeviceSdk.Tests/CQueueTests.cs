using System.Globalization;

namespace DePin.DeviceSdk.Tests;

/// <summary>The C library's queue among operators that answer as they like: each proof is kept until f + 1 signed for it and one says that it is certified.</summary>
public sealed class CQueueTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 1)]
    [InlineData(4, 16)]
    [InlineData(7, 5)]
    [InlineData(31, 16)]
    public async Task Each_proof_goes_to_the_first_f_plus_1_operators_and_is_forgotten_once_certified(int operators, int most)
    {
        await using var device = await CDevice.StartAsync(operators);
        for (var i = 0; i < 20; i++) await device.ProveAsync(payload: i * 13);
        await device.RunAsync(most, TimeSpan.FromMinutes(1));
        Assert.Equal(20, device.Certified);
        Assert.Equal(0, device.Kept);
        var copies = ((operators - 1) / 3) + 1;
        Assert.All(device.Route.Take(copies), o => Assert.Equal(20, o.Held.Count));
        Assert.All(device.Route.Skip(copies), o => Assert.Empty(o.Held));
    }

    [Fact]
    public async Task The_next_stands_in_for_one_that_is_silent_which_gets_proofs_again_when_it_is_back()
    {
        await using var device = await CDevice.StartAsync(4);
        device.Route[0].Silent = true;
        await device.ProveAsync();
        await device.RunAsync(1, TimeSpan.FromMinutes(2));
        Assert.Equal(1, device.Certified);
        Assert.Single(device.Route[2].Held);
        device.Route[0].Silent = false;
        device.Pass(TimeSpan.FromMinutes(10));
        for (var i = 0; i < 5; i++) await device.ProveAsync();
        await device.RunAsync(1, TimeSpan.FromMinutes(2));
        Assert.Equal(6, device.Certified);
        Assert.Equal(5, device.Route[0].Held.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public async Task Nobody_stands_in_for_one_that_failed_once(int most)
    {
        await using var device = await CDevice.StartAsync(4);
        device.Route[0].SilentFor = 2;
        await device.ProveAsync();
        await device.RunAsync(most, TimeSpan.FromMinutes(2));
        Assert.Equal(1, device.Certified);
        Assert.Equal([1, 1, 0, 0], device.Route.Select(o => o.Held.Count));
    }

    [Theory]
    [InlineData(FalseReceipt.AnothersKey)]
    [InlineData(FalseReceipt.OtherProof)]
    [InlineData(FalseReceipt.AnothersName)]
    [InlineData(FalseReceipt.NoSignature)]
    [InlineData(FalseReceipt.OtherTime)]
    public async Task A_false_receipt_counts_for_nothing(FalseReceipt receipt)
    {
        foreach (var most in new[] { 1, 16 })
        {
            await using var device = await CDevice.StartAsync(4);
            device.Route[0].Gives = receipt;
            await device.ProveAsync();
            await device.ProveAsync();
            await device.RunAsync(most, TimeSpan.FromMinutes(2));
            Assert.Equal(2, device.Certified);
            Assert.All(device.Route[1..3], o => Assert.Equal(2, o.Held.Count)); // two honest ones hold what it did not sign for
            Assert.Contains(9, device.Errors);
        }
    }

    [Fact]
    public async Task One_that_says_certified_is_not_believed_before_f_plus_1_signed()
    {
        await using var device = await CDevice.StartAsync(4);
        device.Route[0].Stage = 2; // and all others are away
        foreach (var other in device.Route[1..]) other.Silent = true;
        await device.ProveAsync();
        await device.RunAsync(1, TimeSpan.FromHours(1));
        Assert.Equal(1, device.Kept);
        Assert.Equal(0, device.Certified);
        device.Route[3].Silent = false;
        await device.RunAsync(1, TimeSpan.FromHours(1));
        Assert.Equal(1, device.Certified);
        Assert.Single(device.Route[3].Held);
    }

    [Fact]
    public async Task An_operator_that_lost_a_proof_gets_it_again()
    {
        await using var device = await CDevice.StartAsync(4);
        foreach (var one in device.Route) one.Stage = 1;
        await device.ProveAsync();
        await device.RunAsync(16, TimeSpan.FromSeconds(1.5));
        Assert.All(device.Route[..2], o => Assert.Single(o.Held));
        device.Route[0].Held.Clear();
        await device.RunAsync(16, TimeSpan.FromMinutes(5));
        Assert.Single(device.Route[0].Held);
        Assert.Equal(1, device.Kept);
        foreach (var one in device.Route) one.Stage = 2;
        await device.RunAsync(16, TimeSpan.FromMinutes(5));
        Assert.Equal(1, device.Certified);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public async Task A_proof_that_all_refuse_is_given_up_and_one_that_some_refuse_is_not(int most)
    {
        await using var device = await CDevice.StartAsync(4);
        foreach (var one in device.Route) one.Refuses = 10;
        await device.ProveAsync();
        await device.RunAsync(most, TimeSpan.FromMinutes(5));
        Assert.Equal("0 0 1 0 10", await device.CountsAsync());
        device.Route[1].Refuses = device.Route[3].Refuses = 0;
        await device.ProveAsync();
        await device.RunAsync(most, TimeSpan.FromMinutes(5));
        Assert.Equal(1, device.Certified);
        Assert.All(new[] { device.Route[1], device.Route[3] }, o => Assert.Single(o.Held));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public async Task A_device_that_nobody_knows_yet_keeps_its_proofs_until_it_is_known(int most)
    {
        await using var device = await CDevice.StartAsync(4);
        foreach (var one in device.Route) (one.Refuses, one.RetryMs) = (6, 30_000);
        await device.ProveAsync();
        await device.RunAsync(most, TimeSpan.FromHours(3));
        Assert.Equal(1, device.Kept);
        Assert.True(device.Requests < 400, $"{device.Requests} requests in three hours are a nuisance.");
        foreach (var one in device.Route) one.Refuses = 0;
        await device.RunAsync(most, TimeSpan.FromMinutes(11));
        Assert.Equal(1, device.Certified);
    }

    [Theory]
    [InlineData(6, 30_000u)]
    [InlineData(12, 4_000_000_000u)] // come again in 46 days
    public async Task One_that_puts_off_for_ever_does_not_keep_a_proof_from_the_others(int code, uint retryMs)
    {
        foreach (var most in new[] { 1, 16 })
        {
            await using var device = await CDevice.StartAsync(4);
            (device.Route[0].Refuses, device.Route[0].RetryMs) = (code, retryMs);
            await device.ProveAsync();
            await device.RunAsync(most, TimeSpan.FromMinutes(30));
            Assert.Equal(1, device.Certified);
        }
    }

    [Fact]
    public async Task One_that_takes_all_proofs_but_one_does_not_keep_that_one_from_the_others()
    {
        await using var device = await CDevice.StartAsync(4);
        (device.Route[0].PutsOff, device.Route[0].RetryMs) = (1, 1_000);
        for (var i = 0; i < 60; i++)
        {
            await device.ProveAsync(); // so often that it always has one to take
            await device.RunAsync(16, TimeSpan.FromSeconds(0.5));
        }

        Assert.Contains(1UL, device.Route[2].Held.Values);
    }

    [Fact]
    public async Task Proofs_in_memory_that_outlives_a_restart_are_sent_again_and_what_was_cut_off_is_not()
    {
        await using var device = await CDevice.StartAsync(4);
        await device.ProveAsync();
        await device.ProveAsync();
        await device.C.AskAsync("rot", (103 + 4_096 + 64) + 20); // in the second slot's envelope
        Assert.Equal(64, (await device.OpenAsync()).Length);
        Assert.Equal(1, device.Kept = await device.KeptAsync());
        await device.ProveAsync();
        await device.RunAsync(16, TimeSpan.FromMinutes(1));
        Assert.Equal(2, device.Certified);
    }

    [Fact]
    public async Task A_sequence_store_that_went_back_behind_a_kept_proof_is_found_out()
    {
        await using var device = await CDevice.StartAsync(4);
        for (var i = 0; i < 9; i++) await device.ProveAsync();
        await device.C.AskAsync("stored", 8);
        Assert.Equal("error 5", await device.OpenAsync());
        await device.C.AskAsync("stored", 9);
        Assert.Equal(64, (await device.OpenAsync()).Length);
    }

    [Fact]
    public async Task A_full_queue_says_so_without_spending_a_sequence_and_the_oldest_can_be_dropped()
    {
        await using var device = await CDevice.StartAsync(4, slots: 3);
        for (var i = 0; i < 3; i++) await device.ProveAsync();
        Assert.Equal("error 7", await device.C.AskAsync("prove", 1, 1, 1, "-"));
        await device.C.AskAsync("drop");
        await device.ProveAsync();
        await device.RunAsync(16, TimeSpan.FromMinutes(1));
        Assert.Equal("0 3 0 1 0", await device.CountsAsync());
        Assert.Equal([2UL, 3UL, 4UL], device.Route[0].Held.Values.Order());
    }

    [Fact]
    public async Task An_answer_about_a_proof_that_was_dropped_meanwhile_counts_for_no_other()
    {
        await using var device = await CDevice.StartAsync(4, slots: 1);
        await device.ProveAsync();
        await device.C.AskAsync("next", 1_000, 16, 10_000);
        await device.C.AskAsync("drop");
        await device.ProveAsync(); // in the same slot
        Assert.Equal("1", await device.C.AskAsync("answer", 1_000, 200, 0, Array.Empty<byte>()));
        await device.RunAsync(16, TimeSpan.FromMinutes(1));
        Assert.Equal("0 1 0 1 0", await device.CountsAsync());
    }

    [Fact]
    public async Task A_signer_that_fails_costs_a_sequence_and_nothing_else()
    {
        await using var device = await CDevice.StartAsync(4);
        await device.C.AskAsync("signer", 1);
        Assert.Equal("error 4", await device.TryProveAsync(4));
        Assert.Equal(0, await device.KeptAsync());
        await device.C.AskAsync("signer", 0);
        await device.ProveAsync();
        await device.RunAsync(16, TimeSpan.FromMinutes(1));
        Assert.Equal([2UL], device.Route[0].Held.Values);
    }

    [Fact]
    public async Task Proofs_are_sent_oldest_first()
    {
        await using var device = await CDevice.StartAsync(4);
        for (var i = 0; i < 40; i++) await device.ProveAsync();
        await device.RunAsync(7, TimeSpan.FromMinutes(1));
        Assert.Equal(Enumerable.Range(1, 40).Select(i => (ulong)i), device.Route[0].Arrivals);
    }

    [Fact]
    public async Task Bodies_that_do_not_fit_the_buffer_are_left_for_the_next_request()
    {
        await using var device = await CDevice.StartAsync(4);
        device.BodyBytes = 1_000;
        for (var i = 0; i < 10; i++) await device.ProveAsync(payload: 300);
        await device.RunAsync(16, TimeSpan.FromMinutes(1));
        Assert.Equal(10, device.Certified);
    }

    [Fact]
    public async Task Waits_double_from_a_second_to_five_minutes_with_the_upper_half_by_chance()
    {
        await using var c = await CLibrary.StartAsync();
        for (var failures = 1; failures < 40; failures++)
        {
            var most = Math.Min(300_000, 1_000L << Math.Min(failures - 1, 20));
            var waits = new HashSet<long>();
            foreach (var chance in new uint[] { 0, 1, 7_777, (uint)(most / 2), uint.MaxValue })
            {
                var wait = long.Parse(await c.AskAsync("backoff", failures, chance), CultureInfo.InvariantCulture);
                Assert.InRange(wait, most / 2, most);
                waits.Add(wait);
            }

            Assert.True(waits.Count > 2);
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(7)]
    public async Task Whatever_f_operators_and_the_network_do_every_proof_is_certified_and_an_honest_operator_holds_it(int operators)
    {
        var rounds = Environment.GetEnvironmentVariable("DEPIN_DEEP") == "1" ? 300 : 15;
        for (var seed = 0; seed < rounds; seed++)
        {
            var random = new Random(seed);
            await using var device = await CDevice.StartAsync(operators, slots: 12, seed: seed);
            var hostile = device.Route.OrderBy(_ => random.Next()).Take((operators - 1) / 3).ToList();
            foreach (var one in hostile) one.Hostile = random;
            device.Loss = random;
            var proved = 0;
            for (var step = 0; step < 60; step++)
            {
                if (proved < 25 && !(await device.TryProveAsync(random.Next(60))).StartsWith('e')) proved++;
                await device.RunAsync(random.Next(1, 17), TimeSpan.FromSeconds(random.Next(20)));
                if (random.Next(15) == 0) await device.OpenAsync();
            }

            device.Loss = null;
            await device.RunAsync(16, TimeSpan.FromHours(2));
            Assert.Equal(0, device.Kept);
            var held = device.Route.Except(hostile).SelectMany(o => o.Held.Keys).ToHashSet();
            Assert.True(device.Proved.All(held.Contains), $"Seed {seed}: a proof was forgotten that no honest operator holds.");
        }
    }
}
