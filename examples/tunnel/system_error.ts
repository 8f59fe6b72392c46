const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "no such address on this machine",
  EAI_AGAIN: "name not resolved",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "host unreachable",
  EISDIR: "it is a directory",
  ENETUNREACH: "network unreachable",
  ENOENT: "no such file",
  ENOTFOUND: "name not resolved",
  ETIMEDOUT: "connection timed out",
};

/** Why a socket or file operation failed, in words. */
export function systemReason(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return REASONS[code ?? ""] ?? message ?? String(error);
}
