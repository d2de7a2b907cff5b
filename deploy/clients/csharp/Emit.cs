// Sends one event to the gateway of emc-monitor: .NET Framework 4.5, .NET 5 or newer, or Mono.
//
//     csc Emit.cs -r:System.Net.Http.dll        (Mono: mcs Emit.cs -r:System.Net.Http.dll)
//     EMC_TOKEN=... Emit.exe https://emc.example/v1/events H56.14-261127-0001
//
// What to take over into your system: the id is made once and kept with the event until it is
// accepted, so that sending it again changes nothing; 503, 429 and no answer at all mean "again,
// later, with the same id"; 400 means "never: look at the reason".

using System;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Threading.Tasks;

public static class Emit
{
    private const int Tries = 5;

    public static int Main(string[] arguments)
    {
        string token = Environment.GetEnvironmentVariable("EMC_TOKEN");
        if (arguments.Length < 2 || string.IsNullOrEmpty(token))
        {
            Console.Error.WriteLine("EMC_TOKEN=... Emit.exe URL DOSSIER [ID]");
            return 2;
        }
        string id = arguments.Length > 2 ? arguments[2] : Guid.NewGuid().ToString();
        // Vietnam keeps UTC+7 all year.
        string time = DateTimeOffset.UtcNow.ToOffset(TimeSpan.FromHours(7))
            .ToString("yyyy-MM-dd'T'HH:mm:ss.fffzzz");
        // Written by hand here to need no library; use the JSON library that you have.
        string json = "{\"specversion\":\"1.0\",\"id\":\"" + id + "\",\"source\":\"here\","
            + "\"type\":\"dossier.state.v1\",\"time\":\"" + time + "\",\"data\":{"
            + "\"dossier\":\"" + arguments[1] + "\",\"state\":2,\"procedure\":\"1.004194\","
            + "\"agency\":\"H56.14\",\"channel\":2}}";
        return Send(arguments[0], token, json).GetAwaiter().GetResult() ? 0 : 1;
    }

    private static async Task<bool> Send(string gateway, string token, string json)
    {
        using (var client = new HttpClient { Timeout = TimeSpan.FromSeconds(30) })
        {
            client.DefaultRequestHeaders.Authorization =
                new AuthenticationHeaderValue("Bearer", token);
            for (int tried = 0; tried < Tries; tried++)
            {
                TimeSpan wait = TimeSpan.FromMilliseconds(500 << tried);
                try
                {
                    var body = new StringContent(json, Encoding.UTF8);
                    body.Headers.ContentType =
                        MediaTypeHeaderValue.Parse("application/cloudevents+json");
                    HttpResponseMessage answer = await client.PostAsync(gateway, body);
                    int status = (int)answer.StatusCode;
                    if (status == 202)
                    {
                        Console.WriteLine("accepted");
                        return true;
                    }
                    string told = await answer.Content.ReadAsStringAsync();
                    Console.Error.WriteLine(status + " " + told);
                    if (status != 503 && status != 429)
                    {
                        return false;
                    }
                    if (answer.Headers.RetryAfter != null && answer.Headers.RetryAfter.Delta != null)
                    {
                        wait += answer.Headers.RetryAfter.Delta.Value;
                    }
                }
                catch (Exception error) when (
                    error is HttpRequestException || error is TaskCanceledException)
                {
                    Console.Error.WriteLine("no answer: " + error.Message);
                }
                await Task.Delay(wait);
            }
        }
        return false;
    }
}
