import { Socket } from "node:net";

export type { Socket as NetSocket };

/** The same, where it is a socket of node:net or node:tls. */
export function netSocketOf(socket: object): Socket | undefined {
  return socket instanceof Socket ? socket : undefined;
}
