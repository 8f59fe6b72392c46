import { PoolError } from "../errors.ts";

const REASON_BY_CODE: Readonly<Record<string, string>> = {
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "address not available",
  EACCES: "permission denied",
};

/** The error of a listener that could not be bound; the runtime's own is its cause. */
export function listenError(cause: unknown, hostname: string, port: number): PoolError {
  const { code, message } = cause as { code?: string; message: string };
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return new PoolError(`Cannot listen on ${host}:${port}: ${REASON_BY_CODE[code ?? ""] ?? message}`, { cause });
}
