/**
 * Metrics and spans of a pool for OpenTelemetry. This entry point is the only one that needs `@opentelemetry/api`; a pool that is
 * not instrumented does nothing for it.
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
 * const { pool } = telemetry; // use it in the place of `server`: its gets and connections make spans
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
 * The same as in `@opentelemetry/api`: what makes metrics.
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
 * The same as in `@opentelemetry/api`: what makes spans.
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
   * Stand on everything that is exported. Pools of one process need different ones, `npws.pool.name` for example.
   *
   * @default none
   */
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

/**
 * A pool whose telemetry is exported, until this is disposed.
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
   * The pool, in a form that makes a span and a measurement of each call of `incomingGet`, `outgoingGet`, `open` and `accept`,
   * and of the life of each connection that it hands out, by `incoming` and `accepted` too. All else is the pool's own.
   */
  readonly pool: InstrumentedPool;
}

/**
 * Exports a pool's statistics as metrics, and makes spans of the calls that go through the `pool` that it returns. The pool
 * itself is not changed, and calls of it cost what they cost before. Register the OpenTelemetry SDK first: the API gives no
 * metrics to those who ask earlier.
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

/** The name under which the telemetry is known to a backend. */
const SCOPE = "@npws/pool";

function readOptions(options: InstrumentOptions): Required<InstrumentOptions> {
  const reader = new OptionReader("instrument pool", options, { meter: true, tracer: true, attributes: true });
  const { meter = metrics.getMeter(SCOPE), tracer = trace.getTracer(SCOPE), attributes = {} } = options;
  if (typeof meter?.createHistogram !== "function") throw reader.wrong("meter", "a Meter of @opentelemetry/api");
  if (typeof tracer?.startSpan !== "function") throw reader.wrong("tracer", "a Tracer of @opentelemetry/api");
  if (typeof attributes !== "object" || attributes === null) throw reader.wrong("attributes", "an object");
  return { meter, tracer, attributes };
}
