/** Rejects with the signal's reason when it aborts before the promise settles. */
export function abortable<T>(p: Promise<T>, signal: AbortSignal): Promise<T>;
/** Throws the signal's reason when it aborts before the iteration ends. */
export function abortable<T>(p: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T>;

/** Rejects with a `TimeoutError` after `ms`, or with the signal's reason. */
export function deadline<T>(p: Promise<T>, ms: number, options?: DeadlineOptions): Promise<T>;
export interface DeadlineOptions {
  signal?: AbortSignal;
}

/** Resolves after `ms`. */
export function delay(ms: number, options?: DelayOptions): Promise<void>;
export interface DelayOptions {
  signal?: AbortSignal;
  persistent?: boolean;
}

/** Merges async iterables in the order in which their values come. */
export class MuxAsyncIterator<T> implements AsyncIterable<T> {
  add(iterable: AsyncIterable<T>): void;
  iterate(): AsyncIterableIterator<T>;
  [Symbol.asyncIterator](): AsyncIterator<T>;
}

/** Maps with at most `poolLimit` calls at a time, and yields in order. */
export function pooledMap<T, R>(
  poolLimit: number,
  array: Iterable<T> | AsyncIterable<T>,
  iteratorFn: (data: T) => Promise<R>,
): AsyncIterableIterator<R>;
