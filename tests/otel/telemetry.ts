import { type Attributes, context, type Meter, type Tracer } from "@opentelemetry/api";
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  StackContextManager,
  TracerProvider,
} from "@opentelemetry/sdk-trace";

/** An exported value; for a histogram, the number of its measurements. */
export interface ExportedPoint {
  readonly name: string;
  readonly unit: string;
  readonly kind: "counter" | "level" | "gauge" | "histogram";
  readonly attributes: Attributes;
  readonly value: number;
}

/** OpenTelemetry's own SDK, with exporters that keep everything in memory. */
export class Telemetry implements AsyncDisposable {
  readonly meter: Meter;
  readonly tracer: Tracer;
  readonly #metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly #spanExporter = new InMemorySpanExporter();
  readonly #meters: MeterProvider;
  readonly #tracers: TracerProvider;

  constructor() {
    const exporter = this.#metricExporter;
    this.#meters = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] });
    this.#tracers = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: this.#spanExporter })] });
    this.meter = this.#meters.getMeter("test");
    this.tracer = this.#tracers.getTracer("test");
    context.setGlobalContextManager(new StackContextManager().enable());
  }

  /** Collects the metrics immediately. */
  async points(): Promise<ExportedPoint[]> {
    this.#metricExporter.reset();
    await this.#meters.forceFlush();
    return this.#metricExporter.getMetrics().flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) => metrics.flatMap(pointsOf))
    );
  }

  /** The spans that have ended. */
  get spans(): readonly ReadableSpan[] {
    return this.#spanExporter.getFinishedSpans();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    context.disable();
    await Promise.all([this.#meters.shutdown(), this.#tracers.shutdown()]);
  }
}

function pointsOf(metric: MetricData): ExportedPoint[] {
  const { name, unit } = metric.descriptor;
  const kind = kindOf(metric);
  return metric.dataPoints.map(({ attributes, value }) => ({
    name,
    unit,
    kind,
    attributes,
    value: typeof value === "number" ? value : value.count,
  }));
}

function kindOf(metric: MetricData): ExportedPoint["kind"] {
  if (metric.dataPointType === DataPointType.GAUGE) return "gauge";
  if (metric.dataPointType !== DataPointType.SUM) return "histogram";
  return metric.isMonotonic ? "counter" : "level";
}
