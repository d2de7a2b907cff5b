// Sends events, one JSON a line on standard input, to the topic of a source: the Kafka client only.
//
//     java -cp 'kafka-clients.jar:slf4j-api.jar' KafkaEmit.java kafka:9092 emc.in.H56-onestop < events.ndjson
//
// Any key and any partitioner will do: the monitor orders the events of a dossier by their times,
// and its own topic is keyed anew. This one spreads events by the agency in the dossier's code.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.serialization.StringSerializer;

public final class KafkaEmit {
    private static final Pattern DOSSIER = Pattern.compile("\"dossier\"\\s*:\\s*\"([^\"]+)\"");

    public static final class ByAgency implements Partitioner {
        @Override
        public int partition(
                String topic, Object key, byte[] keyBytes, Object value, byte[] bytes, Cluster cluster) {
            String agency = key == null ? "" : ((String) key).split("-", 2)[0];
            return Math.floorMod(agency.hashCode(), cluster.partitionCountForTopic(topic));
        }

        @Override
        public void configure(Map<String, ?> settings) {}

        @Override
        public void close() {}
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 2) {
            System.err.println("java KafkaEmit.java BOOTSTRAP TOPIC < events.ndjson");
            System.exit(2);
        }
        Properties settings = new Properties();
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("key.serializer", StringSerializer.class.getName());
        settings.put("value.serializer", StringSerializer.class.getName());
        settings.put("partitioner.class", ByAgency.class);
        settings.put("acks", "all");
        settings.put("enable.idempotence", "true");
        settings.put("compression.type", "gzip");
        settings.put("linger.ms", "20");
        // Security: security.protocol=SASL_SSL and so on, as the monitor's operator tells you.
        AtomicReference<Exception> failed = new AtomicReference<>();
        int sent = 0;
        try (Producer<String, String> producer = new KafkaProducer<>(settings);
                BufferedReader lines = new BufferedReader(
                    new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line; (line = lines.readLine()) != null; ) {
                Matcher dossier = DOSSIER.matcher(line);
                String key = dossier.find() ? dossier.group(1) : null;
                producer.send(new ProducerRecord<>(arguments[1], key, line), (where, error) -> {
                    if (error != null) {
                        failed.set(error);
                    }
                });
                sent++;
            }
        }
        if (failed.get() != null) {
            // Send all of it again: what has arrived already is a duplicate by its id.
            System.err.println("not all was acknowledged: " + failed.get().getMessage());
            System.exit(1);
        }
        System.out.println(sent + " sent");
    }
}
