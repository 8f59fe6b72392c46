import { Npws1Server, requestUpgrade } from "../npws1_peer.ts";
import type { RawLink } from "../raw_link.ts";
import { type Frame, Opcode } from "../websocket_frames.ts";

/** Stands between clients and a server, forwards every frame, and records the messages. */
export class FrameRelay implements AsyncDisposable {
  /** The messages from both ends since the test last emptied it, in order of arrival here. */
  crossed: Frame[] = [];
  readonly #links: RawLink[] = [];
  #server: Npws1Server | undefined;

  /** Listens for clients of the server on this port. */
  static async listen(port: number): Promise<FrameRelay> {
    const relay = new FrameRelay();
    relay.#server = await Npws1Server.listen(async ({ link: client, request, accept }) => {
      const [, path] = request.split(" ");
      const { link: server } = await requestUpgrade(port, { path });
      relay.#links.push(server);
      await client.write(accept);
      relay.#handOn(client, server);
      relay.#handOn(server, client);
    });
    return relay;
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#server!.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#links) link.destroy();
    await this.#server![Symbol.asyncDispose]();
  }

  async #handOn(from: RawLink, to: RawLink): Promise<void> {
    for (let frame = await from.readFrame(); frame; frame = await from.readFrame()) {
      if (frame.opcode === Opcode.text || frame.opcode === Opcode.binary) this.crossed.push(frame);
      await to.write(to.frame(frame.opcode, frame.payload, frame.isFinal));
    }
    to.destroy();
  }
}
