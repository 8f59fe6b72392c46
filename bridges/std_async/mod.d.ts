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
