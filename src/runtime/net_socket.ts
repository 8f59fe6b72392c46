import { Socket } from "node:net";

export type { Socket as NetSocket };

/** The socket itself, if it is one of node:net or node:tls. */
export function netSocketOf(socket: object): Socket | undefined {
  return socket instanceof Socket ? socket : undefined;
}
