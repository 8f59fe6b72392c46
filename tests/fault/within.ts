/** The result of the promise. Rejects if that takes longer, naming the condition that was not met: "all links are idle". */
export async function within<Result>(ms: number, what: string, promise: Promise<Result>): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`Cannot go on: not within ${ms} ms that ${what}`)), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
