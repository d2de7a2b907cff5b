// Sends one event to the gateway of emc-monitor: Java 11 or newer, no library.
//
//     EMC_TOKEN=... java Emit.java https://emc.example/v1/events H56.14-261127-0001
//
// What to take over into your system: the id is made once and kept with the event until it is
// accepted, so that sending it again changes nothing; 503, 429 and no answer at all mean "again,
// later, with the same id"; 400 means "never: look at the reason".

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.UUID;

public final class Emit {
    private static final ZoneId VIETNAM = ZoneId.of("Asia/Ho_Chi_Minh");
    private static final int TRIES = 5;

    public static void main(String[] arguments) throws Exception {
        if (arguments.length < 2 || System.getenv("EMC_TOKEN") == null) {
            System.err.println("EMC_TOKEN=... java Emit.java URL DOSSIER [ID]");
            System.exit(2);
        }
        String id = arguments.length > 2 ? arguments[2] : UUID.randomUUID().toString();
        String time = OffsetDateTime.now(VIETNAM).format(DateTimeFormatter.ISO_OFFSET_DATE_TIME);
        // Written by hand here to need no library; use the JSON library that you have.
        String event = "{\"specversion\":\"1.0\",\"id\":\"" + id + "\",\"source\":\"here\","
            + "\"type\":\"dossier.state.v1\",\"time\":\"" + time + "\",\"data\":{"
            + "\"dossier\":\"" + arguments[1] + "\",\"state\":2,\"procedure\":\"1.004194\","
            + "\"agency\":\"H56.14\",\"channel\":2}}";
        System.exit(send(URI.create(arguments[0]), System.getenv("EMC_TOKEN"), event) ? 0 : 1);
    }

    private static boolean send(URI gateway, String token, String event) throws InterruptedException {
        HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
        HttpRequest request = HttpRequest.newBuilder(gateway)
            .timeout(Duration.ofSeconds(30))
            .header("Authorization", "Bearer " + token)
            .header("Content-Type", "application/cloudevents+json")
            .POST(HttpRequest.BodyPublishers.ofString(event))
            .build();
        for (int tried = 0; tried < TRIES; tried++) {
            long wait = 500L << tried;
            try {
                HttpResponse<String> answer =
                    client.send(request, HttpResponse.BodyHandlers.ofString());
                if (answer.statusCode() == 202) {
                    System.out.println("accepted");
                    return true;
                }
                System.err.println(answer.statusCode() + " " + answer.body());
                if (answer.statusCode() != 503 && answer.statusCode() != 429) {
                    return false;
                }
                wait = answer.headers().firstValueAsLong("Retry-After").orElse(0) * 1000L + wait;
            } catch (java.io.IOException error) {
                System.err.println("no answer: " + error.getMessage());
            }
            Thread.sleep(wait);
        }
        return false;
    }
}
