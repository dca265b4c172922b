import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a handler does with a value: the workloads of work.ts. A virtual machine needs longer to get warm, and is given it. */
final class Work {
  private static final long HANDLER_MS = 10;
  private static final long BLOCKED_MS = 10_000;
  private static final int BLOCKED_CALL = 200;
  private static final long WARM_UP_MS = 5_000;
  private static final long WINDOW_MS = 3_000;
  private static final long LONGEST_COUNT_MS = 10_000;
  private static final Pattern STAMP = Pattern.compile("\"sentNs\":\"(\\d+)\",\"phase\":\"([a-z-]+)\"");

  private final String workload;
  private final long records;
  private final Meter meter = new Meter();
  private final AtomicBoolean hasBegun = new AtomicBoolean();
  private final AtomicInteger calls = new AtomicInteger();
  private final AtomicInteger measured = new AtomicInteger();
  private final double[] latenciesMs = new double[100_000];

  Work(String workload, long records) {
    this.workload = workload;
    this.records = records;
  }

  void handle(String value) {
    long nowNs = System.nanoTime();
    if (hasBegun.compareAndSet(false, true)) begin();
    switch (workload) {
      case "sleep" -> during(HANDLER_MS);
      case "nothing" -> count();
      case "latency" -> stamp(value, nowNs);
      case "blocked" -> block();
      default -> throw new IllegalArgumentException(workload);
    }
  }

  private void begin() {
    meter.begin();
    if (workload.equals("sleep") || workload.equals("nothing")) {
      after(WARM_UP_MS, meter::mark);
      after(WARM_UP_MS + (workload.equals("sleep") ? WINDOW_MS : LONGEST_COUNT_MS), meter::finish);
    }
  }

  private void during(long ms) {
    meter.started();
    sleep(ms);
    meter.ended();
  }

  private void count() {
    if (meter.passed() == records) meter.finish();
  }

  private void stamp(String value, long nowNs) {
    Matcher stamp = STAMP.matcher(value);
    if (!stamp.find()) throw new IllegalArgumentException(value);
    meter.passed();
    // The machine's monotonic clock, as the producer reads it.
    if (stamp.group(2).equals("measured")) latenciesMs[measured.getAndIncrement()] = (nowNs - Long.parseLong(stamp.group(1))) / 1e6;
    else if (stamp.group(2).equals("last")) meter.finish(Arrays.copyOf(latenciesMs, measured.get()));
  }

  private void block() {
    if (calls.incrementAndGet() != BLOCKED_CALL) {
      during(HANDLER_MS);
      return;
    }
    meter.mark();
    during(BLOCKED_MS);
    meter.finish();
  }

  private static void after(long ms, Runnable action) {
    Thread thread =
        new Thread(
            () -> {
              sleep(ms);
              action.run();
            });
    thread.setDaemon(true);
    thread.start();
  }

  private static void sleep(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }
}
