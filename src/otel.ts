/**
 * Metrics and spans of a pool for OpenTelemetry. Only this entry point needs `@opentelemetry/api`; a pool that is not
 * instrumented does no work for it.
 *
 * @example
 * ```ts
 * import { ServerPool } from "@npws/pool";
 * import { instrument } from "@npws/pool/otel";
 *
 * // Before this: register the OpenTelemetry SDK, as your backend's instructions say.
 * await using server = new ServerPool({ hostname: "127.0.0.1" });
 * using telemetry = instrument(server, { attributes: { "npws.pool.name": "edge" } });
 *
 * const { pool } = telemetry; // use it instead of `server`: its gets and connections make spans
 * await pool.start();
 * ```
 *
 * @module
 */
import { metrics, trace } from "@opentelemetry/api";
import { OptionReader } from "./options/option_reader.ts";
import { observe } from "./otel/metrics.ts";
import { recordedPool } from "./otel/recorded_pool.ts";
import { Recorder } from "./otel/recorder.ts";
import type { Pool } from "./pool/pool.ts";

/**
 * The same as in `@opentelemetry/api`: creates metrics.
 *
 * @example
 * ```ts
 * import { metrics } from "@opentelemetry/api";
 * import type { Meter } from "@npws/pool/otel";
 *
 * export const meter: Meter = metrics.getMeter("my-application");
 * ```
 */
export type Meter = ReturnType<(typeof import("@opentelemetry/api"))["metrics"]["getMeter"]>;
/**
 * The same as in `@opentelemetry/api`: creates spans.
 *
 * @example
 * ```ts
 * import { trace } from "@opentelemetry/api";
 * import type { Tracer } from "@npws/pool/otel";
 *
 * export const tracer: Tracer = trace.getTracer("my-application");
 * ```
 */
export type Tracer = ReturnType<(typeof import("@opentelemetry/api"))["trace"]["getTracer"]>;

/**
 * Where the telemetry of a pool goes.
 *
 * @example
 * ```ts
 * import type { InstrumentOptions } from "@npws/pool/otel";
 *
 * export const options: InstrumentOptions = { attributes: { "npws.pool.name": "edge" } };
 * ```
 */
export interface InstrumentOptions {
  /**
   * Makes the metrics.
   *
   * @default the meter named "@npws/pool" of the global provider
   */
  readonly meter?: Meter;
  /**
   * Makes the spans.
   *
   * @default the tracer named "@npws/pool" of the global provider
   */
  readonly tracer?: Tracer;
  /**
   * Added to everything that is exported. Pools in one process need different ones, `npws.pool.name` for example.
   *
   * @default none
   */
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

/**
 * A pool whose telemetry is exported until this object is disposed.
 *
 * @example
 * ```ts
 * import { ServerPool } from "@npws/pool";
 * import { instrument, type Instrumentation } from "@npws/pool/otel";
 *
 * await using server = new ServerPool();
 * const telemetry: Instrumentation<ServerPool> = instrument(server);
 * console.log(telemetry.pool.isReady); // false: it has not started
 * telemetry[Symbol.dispose]();
 * ```
 */
export interface Instrumentation<InstrumentedPool extends Pool> extends Disposable {
  /**
   * The pool, wrapped so that it records a span and a measurement for each call of `incomingGet`, `outgoingGet`, `open` and
   * `accept`, and for the lifetime of each connection that it hands out, also through `incoming` and `accepted`. Everything
   * else is the pool's own.
   */
  readonly pool: InstrumentedPool;
}

/**
 * Exports a pool's statistics as metrics, and records spans of the calls made through the returned `pool`. The original pool is
 * not changed, and calling it directly costs no more than before. Register the OpenTelemetry SDK first: the API provides no
 * metrics to earlier callers.
 *
 * @param pool A client or server pool, started or not.
 * @throws {TypeError} An option is wrong.
 *
 * @example
 * ```ts
 * import { ClientPool } from "@npws/pool";
 * import { instrument } from "@npws/pool/otel";
 *
 * await using client = new ClientPool({ url: "wss://pool.example.com/links" });
 * using telemetry = instrument(client);
 * console.log(telemetry.pool.isReady); // false: it has not started
 * ```
 */
export function instrument<InstrumentedPool extends Pool>(
  pool: InstrumentedPool,
  options: InstrumentOptions = {},
): Instrumentation<InstrumentedPool> {
  const { meter, tracer, attributes } = readOptions(options);
  const stopObserving = observe(pool, meter, attributes);
  const recorder = new Recorder(meter, tracer, attributes);
  return {
    pool: recordedPool(pool, recorder),
    [Symbol.dispose]() {
      stopObserving();
      recorder.stop();
    },
  };
}

/** The name by which backends know the telemetry. */
const SCOPE = "@npws/pool";

function readOptions(options: InstrumentOptions): Required<InstrumentOptions> {
  const reader = new OptionReader("instrument pool", options, { meter: true, tracer: true, attributes: true });
  const { meter = metrics.getMeter(SCOPE), tracer = trace.getTracer(SCOPE), attributes = {} } = options;
  if (typeof meter?.createHistogram !== "function") throw reader.wrong("meter", "a Meter from @opentelemetry/api");
  if (typeof tracer?.startSpan !== "function") throw reader.wrong("tracer", "a Tracer from @opentelemetry/api");
  if (typeof attributes !== "object" || attributes === null) throw reader.wrong("attributes", "an object");
  return { meter, tracer, attributes };
}
