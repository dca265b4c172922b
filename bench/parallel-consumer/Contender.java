import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Confluent's Parallel Consumer with its defaults. Arguments: KEY or UNORDERED, workload, concurrency, brokers, topic, group,
 * number of records. Ends when its standard input does.
 */
public final class Contender {
  public static void main(String[] arguments) throws IOException {
    Work work = new Work(arguments[1], Long.parseLong(arguments[6]));
    ParallelStreamProcessor<String, byte[]> processor =
        ParallelStreamProcessor.createEosStreamProcessor(
            ParallelConsumerOptions.<String, byte[]>builder()
                .consumer(consumer(arguments[3], arguments[5]))
                .ordering(ProcessingOrder.valueOf(arguments[0]))
                .maxConcurrency(Integer.parseInt(arguments[2]))
                .build());
    processor.subscribe(List.of(arguments[4]));
    processor.poll(context -> work.handle(new String(context.getSingleConsumerRecord().value(), StandardCharsets.UTF_8)));
    while (System.in.read() >= 0) {}
    Runtime.getRuntime().halt(1);
  }

  private static KafkaConsumer<String, byte[]> consumer(String brokers, String group) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", brokers);
    properties.put("group.id", group);
    properties.put("enable.auto.commit", "false");
    properties.put("auto.offset.reset", "earliest");
    // Keys as text: the order is kept by their equality, and arrays of bytes have none.
    return new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer());
  }
}
