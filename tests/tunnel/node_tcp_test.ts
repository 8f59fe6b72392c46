import type { Socket } from "node:net";
import { connectOnNode, listenOnNode } from "../../examples/tunnel/node_tcp.ts";
import { test } from "../harness.ts";
import { assertSharedListeners } from "../shared_listeners.ts";
import { startTarget } from "./target.ts";

test("connectOnNode() leaves no listeners that are a socket's own", async () => {
  await using target = await startTarget(() => {});
  const connect = () => connectOnNode({ hostname: "127.0.0.1", port: target.port }).promise as Promise<Socket>;
  const [first, second] = await Promise.all([connect(), connect()]);
  assertSharedListeners(first, second, ["connect", "error"]);
  for (const socket of [first, second]) socket.destroy();
});

test("an error of a node:net socket before anybody listens does not end the program", async () => {
  const accepted = Promise.withResolvers<Socket>();
  const listener = await listenOnNode({ hostname: "127.0.0.1", port: 0 }, {
    connected: (socket) => accepted.resolve(socket as Socket),
    failed: accepted.reject,
  });
  const connected = await connectOnNode(listener.address).promise as Socket;
  for (const socket of [connected, await accepted.promise]) {
    socket.emit("error", new Error("Broken"));
    socket.destroy();
  }
  listener.close();
});
