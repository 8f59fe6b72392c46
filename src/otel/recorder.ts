import {
  type Attributes,
  type Context,
  context,
  type Histogram,
  type Meter,
  type Span,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import type { PoolConnection } from "../connection/connection.ts";
import { systemClock } from "../time/clock.ts";
import { describeConnection } from "./connection_attributes.ts";

/** Bounds of the histograms in seconds: a take is a matter of microseconds, a connection may last for hours. */
const BOUNDARIES = {
  get: [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  connection: [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800, 3_600],
};

/** Records a span and a measurement for each get, and for the lifetime of each connection. */
export class Recorder {
  readonly #tracer: Tracer;
  readonly #attributes: Attributes;
  readonly #getDuration: Histogram;
  readonly #connectionDuration: Histogram;
  #isStopped = false;

  constructor(meter: Meter, tracer: Tracer, attributes: Attributes) {
    this.#tracer = tracer;
    this.#attributes = attributes;
    this.#getDuration = meter.createHistogram("npws.pool.get.duration", {
      unit: "s",
      description: "How long calls took to get a connection, or to fail",
      advice: { explicitBucketBoundaries: BOUNDARIES.get },
    });
    this.#connectionDuration = meter.createHistogram("npws.pool.connection.duration", {
      unit: "s",
      description: "How long connections were used",
      advice: { explicitBucketBoundaries: BOUNDARIES.connection },
    });
  }

  /** Nothing that starts from now on is recorded. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Records a call that gets a connection, and the connection. */
  async get(operation: string, call: () => Promise<PoolConnection>): Promise<PoolConnection> {
    if (this.#isStopped) return call();
    const parent = context.active();
    const attributes = { ...this.#attributes, "npws.pool.operation": operation };
    const recording = this.#begin(`npws.pool.${operation}`, attributes, parent, this.#getDuration);
    try {
      const connection = await context.with(trace.setSpan(parent, recording.span), call);
      recording.end();
      this.#follow(connection, parent);
      return connection;
    } catch (error) {
      recording.fail(error);
      throw error;
    }
  }

  /**
   * Records the connections of a loop, but not how long it waits for each: that says nothing, as it waits for whoever comes.
   */
  async *each(connections: AsyncIterable<PoolConnection>): AsyncIterableIterator<PoolConnection> {
    for await (const connection of connections) {
      if (!this.#isStopped) this.#follow(connection, context.active());
      yield connection;
    }
  }

  #follow(connection: PoolConnection, parent: Context): void {
    const recording = this.#begin("npws.connection", this.#attributes, parent, this.#connectionDuration);
    // At the end, because only then are the counters final and, after an early get, the id.
    const describe = () => recording.span.setAttributes(describeConnection(connection));
    connection.closed.finally(describe).then(() => recording.end(), (error) => recording.fail(error));
  }

  #begin(name: string, attributes: Attributes, parent: Context, duration: Histogram) {
    const span = this.#tracer.startSpan(name, { attributes }, parent);
    const startedAt = systemClock.now();
    return new Recording(span, (own) => {
      duration.record((systemClock.now() - startedAt) / 1_000, { ...attributes, ...own }, trace.setSpan(parent, span));
    });
  }
}

/** A span and its measurement, from start to end. */
class Recording {
  readonly span: Span;
  readonly #measure: (attributes?: Attributes) => void;

  constructor(span: Span, measure: (attributes?: Attributes) => void) {
    this.span = span;
    this.#measure = measure;
  }

  end(): void {
    this.#measure();
    this.span.end();
  }

  fail(error: unknown): void {
    const isError = error instanceof Error;
    const type = { "error.type": isError ? error.name : typeof error };
    this.#measure(type);
    this.span.setAttributes(type);
    this.span.setStatus({ code: SpanStatusCode.ERROR, message: isError ? error.message : String(error) });
    this.span.end();
  }
}
