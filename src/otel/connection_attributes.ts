import type { Attributes } from "@opentelemetry/api";
import type { PoolConnection } from "../connection/connection.ts";

/** What a span says about its connection, with the names of OpenTelemetry's conventions where they have one. */
export function describeConnection(connection: PoolConnection): Attributes {
  const { id, protocol, peer, localAddress, remoteAddress, bytesRead, bytesWritten } = connection;
  return {
    "npws.link.id": id,
    ...(peer !== undefined && { "npws.peer.name": peer }),
    "npws.connection.bytes_read": bytesRead,
    "npws.connection.bytes_written": bytesWritten,
    "network.protocol.name": "npws",
    "network.protocol.version": String(protocol),
    ...(localAddress && {
      "network.local.address": localAddress.hostname,
      "network.local.port": localAddress.port,
    }),
    ...(remoteAddress && {
      "network.peer.address": remoteAddress.hostname,
      "network.peer.port": remoteAddress.port,
    }),
  };
}
