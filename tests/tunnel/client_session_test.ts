import type { PoolConnection } from "@npws/pool";
import { assertEquals } from "@std/assert";
import { once } from "node:events";
import { connect } from "node:net";
import { ClientSession, type SessionHost } from "../../examples/tunnel/client_session.ts";
import { ControlChannel } from "../../examples/tunnel/control_channel.ts";
import type { ForwardedPort } from "../../examples/tunnel/forwarded_port.ts";
import { Log } from "../../examples/tunnel/log.ts";
import { decodeServerPurpose } from "../../examples/tunnel/messages.ts";
import { PortSet } from "../../examples/tunnel/port_set.ts";
import { Splicer } from "../../examples/tunnel/splicer.ts";
import { eventually } from "../contract/eventually.ts";
import { bytes } from "../contract/streams.ts";
import { test } from "../harness.ts";

/** A client as seen by its session. */
class FakeClient {
  readonly session: ClientSession;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;

  constructor(instance: string, host: SessionHost, inherited: ForwardedPort[] = []) {
    const [asked, told] = [new TransformStream(), new TransformStream()];
    const close = () => Promise.resolve();
    const connection = { readable: asked.readable, writable: told.writable, close } as unknown as PoolConnection;
    this.session = new ClientSession("edge-7", instance, new ControlChannel(connection), host, inherited);
    this.#writer = asked.writable.getWriter();
    this.#answers = told.readable.pipeThrough(new TextDecoderStream()).getReader();
  }

  ask(...ports: { hostname?: string; port: number }[]): void {
    this.#send({ ports, wantsSources: false });
  }

  /** Asks for any port, and for the sources of its connections if they are wanted. */
  askForSources(wantsSources: boolean): void {
    this.#send({ ports: [{ port: 0 }], wantsSources });
  }

  #send(request: object): void {
    this.#writer.write(bytes(`${JSON.stringify(request)}\n`));
  }

  /** The next address that the session reports. */
  async told(): Promise<{ address: string }> {
    return JSON.parse((await this.#answers.read()).value!);
  }

  leave(): Promise<void> {
    return this.#writer.close();
  }
}

function hostThat(open: SessionHost["open"], allowPorts = PortSet.parse("0")!, isVerbose = false): SessionHost {
  const splicer = new Splicer(new Log({ write() {} }, isVerbose), new AbortController().signal);
  return { allowPorts, bind: "127.0.0.1", splicer, open };
}

test("ClientSession whose client leaves goes on for a while with what is being opened, and gives it up then", async () => {
  const opening = Promise.withResolvers<AbortSignal>();
  const host = hostThat(({ signal }) => {
    opening.resolve(signal);
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  });
  const client = new FakeClient("only", host);
  const runs = client.session.run();
  client.ask({ port: 0 });
  const { address } = await client.told();
  const socket = connect(Number(address.split(":")[1]), "127.0.0.1");
  const signal = await opening.promise;
  await client.leave();
  await runs;
  assertEquals(signal.aborted, false);
  client.session.endOpensSoon();
  await once(socket, "error").catch(() => {}); // its reset
  assertEquals([signal.aborted, signal.reason.message], [true, "edge-7 has disconnected"]);
});

test("ClientSession that is replaced while it binds a port takes none back from the one that replaces it", async () => {
  const opened: string[] = [];
  let binding = () => {};
  const allowed = PortSet.parse("0")!;
  const host = hostThat(
    ({ peer }) => {
      opened.push(peer);
      return Promise.reject(new Error("enough is known"));
    },
    { has: (port: number) => (binding(), allowed.has(port)) } as PortSet,
  );
  const first = new FakeClient("first", host);
  const firstRuns = first.session.run();
  first.ask({ port: 0 });
  const { address } = await first.told();

  let second!: FakeClient;
  binding = () => {
    binding = () => {};
    second = new FakeClient("second", host, first.session.handOver());
    second.ask({ port: 0 });
  };
  first.ask({ hostname: "localhost", port: 0 }, { port: 0 });
  await first.leave();
  // The first has asked to bind, and the second must own the port before the first continues.
  await eventually(() => second !== undefined);
  const secondRuns = second.session.run();
  assertEquals((await second.told()).address, address);
  await firstRuns;

  const socket = connect(Number(address.split(":")[1]), "127.0.0.1");
  await once(socket, "error").catch(() => {});
  assertEquals(opened, ["second"]);
  await second.leave();
  await secondRuns;
});

test("ClientSession tells a client who connected if it wants to know, whatever the server logs", async () => {
  for (const isVerbose of [false, true]) {
    for (const wantsSources of [false, true]) {
      const opening = Promise.withResolvers<Uint8Array>();
      const host = hostThat(
        ({ metadata }) => {
          opening.resolve(metadata);
          return Promise.reject(new Error("enough"));
        },
        PortSet.parse("0")!,
        isVerbose,
      );
      const client = new FakeClient("only", host);
      const runs = client.session.run();
      client.askForSources(wantsSources);
      const { address } = await client.told();
      const socket = connect(Number(address.split(":")[1]), "127.0.0.1");
      await once(socket, "connect");
      const from = wantsSources ? `127.0.0.1:${socket.localPort}` : undefined;
      assertEquals(decodeServerPurpose(await opening.promise), { index: 0, from });
      await once(socket, "error").catch(() => {}); // its reset
      await client.leave();
      await runs;
    }
  }
});
