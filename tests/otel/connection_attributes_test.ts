import { assertEquals } from "@std/assert";
import type { PoolConnection } from "@npws/pool";
import { describeConnection } from "../../src/otel/connection_attributes.ts";
import { test } from "../harness.ts";

const always = { id: "a1b2c3d4", protocol: 2, bytesRead: 5, bytesWritten: 8 } as PoolConnection;
const described = {
  "npws.link.id": "a1b2c3d4",
  "npws.connection.bytes_read": 5,
  "npws.connection.bytes_written": 8,
  "network.protocol.name": "npws",
  "network.protocol.version": "2",
};

test("describeConnection() tells what every connection has", () => {
  assertEquals(describeConnection(always), described);
});

test("describeConnection() tells the client's name and the addresses where there are any", () => {
  const connection: PoolConnection = {
    ...always,
    peer: "edge-7",
    localAddress: { hostname: "192.0.2.1", port: 8400, transport: "tcp" },
    remoteAddress: { hostname: "192.0.2.2", port: 50_000, transport: "tcp" },
  };
  assertEquals(describeConnection(connection), {
    ...described,
    "npws.peer.name": "edge-7",
    "network.local.address": "192.0.2.1",
    "network.local.port": 8400,
    "network.peer.address": "192.0.2.2",
    "network.peer.port": 50_000,
  });
});
