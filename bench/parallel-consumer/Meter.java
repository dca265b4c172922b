import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Counts what is handled and reports as meter.ts does, in lines of JSON on standard output. */
final class Meter {
  private final OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
  private final AtomicLong handled = new AtomicLong();
  private final AtomicInteger inFlight = new AtomicInteger();
  private final AtomicInteger mostInFlight = new AtomicInteger();
  private final AtomicBoolean isOver = new AtomicBoolean();
  private volatile long beganNs;
  private volatile long cpuBeforeNs;
  private volatile long handledBefore;

  void begin() {
    System.out.println("{\"kind\":\"first\"}");
    mark();
  }

  /** What was handled until now was warm-up. */
  void mark() {
    handledBefore = handled.get();
    cpuBeforeNs = system.getProcessCpuTime();
    beganNs = System.nanoTime();
  }

  void started() {
    mostInFlight.accumulateAndGet(inFlight.incrementAndGet(), Math::max);
  }

  void ended() {
    inFlight.decrementAndGet();
    handled.incrementAndGet();
  }

  long passed() {
    return handled.incrementAndGet();
  }

  void finish() {
    finish(new double[0]);
  }

  void finish(double[] latenciesMs) {
    if (!isOver.compareAndSet(false, true)) return;
    double seconds = (System.nanoTime() - beganNs) / 1e9;
    long records = handled.get() - handledBefore;
    double cpuUs = (system.getProcessCpuTime() - cpuBeforeNs) / 1e3 / Math.max(1, records);
    Arrays.sort(latenciesMs);
    System.out.printf(
        Locale.ROOT,
        "{\"kind\":\"figures\",\"figures\":{\"rate\":%f,\"records\":%d,\"seconds\":%f,\"cpuUs\":%f,\"peakRssMb\":%s,\"mostInFlight\":%d%s}}%n",
        records / seconds, records, seconds, cpuUs, peakRssMb(), mostInFlight.get(), percentiles(latenciesMs));
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }

  private static String percentiles(double[] sorted) {
    if (sorted.length == 0) return "";
    return String.format(Locale.ROOT, ",\"p50\":%f,\"p99\":%f", sorted[sorted.length / 2], sorted[(int) (sorted.length * 0.99)]);
  }

  /** As Linux counts it; null elsewhere. */
  private static String peakRssMb() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("VmHWM")) return String.valueOf(Long.parseLong(line.replaceAll("\\D", "")) / 1024);
      }
    } catch (IOException elsewhere) {
      // Not Linux.
    }
    return "null";
  }
}
