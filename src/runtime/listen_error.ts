import { PoolError } from "../errors.ts";

const REASON_BY_CODE: Readonly<Record<string, string>> = {
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "address not available",
  EACCES: "permission denied",
};

/** What the system's code of a bind error means; undefined if it is not one of the usual ones. */
export function bindReason(error: unknown): string | undefined {
  return REASON_BY_CODE[(error as { code?: string }).code ?? ""];
}

/** The error of a listener that could not be bound; the runtime's own is its cause. */
export function listenError(
  cause: unknown,
  hostname: string,
  port: number,
  reason: string = bindReason(cause) ?? (cause as Error).message,
): PoolError {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return new PoolError(`Cannot listen on ${host}:${port}: ${reason}`, { cause });
}
