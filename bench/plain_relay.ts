/**
 * Forwards every connection to a port of 127.0.0.1 and prints the port that it listens on: the least a tunnel process can do.
 */
import { connect, createServer } from "node:net";
import process from "node:process";

const target = Number(process.argv[2]);
const options = { allowHalfOpen: true, noDelay: true } as const;

const server = createServer(options, (socket) => {
  const onward = connect({ ...options, host: "127.0.0.1", port: target });
  socket.pipe(onward).pipe(socket);
  socket.on("error", () => onward.destroy());
  onward.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as { port: number }).port));
