import { formatHostPort, type HostPort, parseHostPort, parseListenAddress } from "./host_port.ts";

/** A rule: whoever connects to one address reaches the other. */
export interface Forward {
  /** Where the listening side listens; without a hostname, that side chooses. */
  readonly listen: { readonly hostname: string | undefined; readonly port: number };
  /** Where the connecting side connects. */
  readonly target: HostPort;
}

export const FORWARD_FORM = "[bind:]port=host:port";

/** Reads "[bind:]port=host:port"; undefined for anything else. */
export function parseForward(text: string): Forward | undefined {
  const [left, right, ...rest] = text.split("=");
  if (right === undefined || rest.length > 0) return undefined;
  const listen = parseListenAddress(left, "");
  const target = parseHostPort(right, 1);
  if (!listen || !target) return undefined;
  return { listen: { hostname: listen.hostname || undefined, port: listen.port }, target };
}

export function formatListen({ hostname, port }: Forward["listen"]): string {
  return hostname === undefined ? `port ${port}` : formatHostPort({ hostname, port });
}
