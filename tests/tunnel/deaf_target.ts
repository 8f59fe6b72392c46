import type { TcpConnector } from "../../examples/tunnel/tcp_connector.ts";
import type { TcpSocket } from "../../examples/tunnel/tcp_socket.ts";
import { runtimeName, spawnRuntime } from "../harness.ts";

/**
 * A target that does not answer, and the connections that the system queues before that. Disposing it ends both. Bun cannot
 * cancel an attempt: it ends when the system asks the target again, every second at first, and learns that it is gone. So a test
 * should end about half a second after that, not at the same time.
 */
export async function deafTarget() {
  const process = spawnRuntime(runtimeName, new URL("deaf_listener.ts", import.meta.url));
  const sockets: TcpSocket[] = [];
  const target = { hostname: "127.0.0.1", port: Number((await process.lines.next()).value) };
  return {
    target,
    /** Connects until a connection gets no answer, because the system queues some connections first. */
    async unanswered(connector: TcpConnector): Promise<{ readonly connecting: Promise<TcpSocket> }> {
      for (;;) {
        const connecting = connector.connect(target);
        const socket = await Promise.race([connecting, new Promise<undefined>((resolve) => setTimeout(resolve, 500))]);
        if (!socket) return { connecting };
        sockets.push(socket);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await process[Symbol.asyncDispose]();
    },
  };
}
