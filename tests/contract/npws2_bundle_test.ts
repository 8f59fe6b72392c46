import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ProtocolError } from "@npws/pool";
import { test } from "../harness.ts";
import { bundleOf, MAX_BUNDLE_BYTES, messagesIn } from "../link/bundle_bytes.ts";
import { type Frame, Opcode } from "../websocket_frames.ts";
import { FrameRelay } from "./frame_relay.ts";
import { exchange } from "./npws2_bulk.ts";
import { pairs } from "./npws2_pairs.ts";
import { finishStream, type RawPeer, takeLink } from "./npws2_raw.ts";
import { type Rig, roles } from "./npws2_rigs.ts";
import { bytes, pattern, readAll, readExactly, readText, write, writeAndClose } from "./streams.ts";

/** Opens an early stream, and writes and ends its direction at once. */
async function ask({ pool }: Rig, question: string) {
  const connection = await pool.open({ early: true });
  await writeAndClose(connection, question);
  return connection;
}

for (const role of roles) {
  const open = (bundles: unknown, pool = {}) => role.open({ pool, hello: () => ({ bundles }) });

  test(`npws/2 bundles of ${role.name}: a peer that takes them hears and says a turn in one message`, async () => {
    await using rig = await open(true);
    const peer = await rig.nextPeer();
    assertEquals(peer.hello.bundles, true);
    for (const question of ["first question", "second question"]) {
      const connection = await ask(rig, question);
      assertEquals(await peer.hearTogether(), ["open", bytes(question), "fin"]);
      await peer.sayTogether("ok", bytes("the "), bytes("answer"), "fin");
      assertEquals(await readText(connection), "the answer");
      await finishStream(role.side, peer);
    }
    await peer.sayTogether("open AQID", bytes("mine"), "fin", "stop 1 no answer");
    assertEquals(await peer.hearTogether(), ["ok", "reset 1"]);
    const accepted = await rig.pool.accept();
    assertEquals([accepted.metadata, await readText(accepted)], [bytes([1, 2, 3]), "mine"]);
    await finishStream(role.side, peer);
  });

  test(`npws/2 bundles of ${role.name}: a peer that does not say that it takes them gets none`, async () => {
    for (const bundles of [undefined, false, 1, "true"]) {
      await using rig = await open(bundles);
      const peer = await rig.nextPeer();
      assertEquals(peer.hello.bundles, role.side === "server" ? true : undefined);
      const connection = await ask(rig, "question");
      await peer.expect("open");
      assertEquals(await peer.link.readMessage(), bytes("question"));
      await peer.expect("fin");
      const answer = bundleOf("fin"); // data like any other
      await peer.say("ok");
      await peer.send(answer);
      await peer.say("fin");
      assertEquals(await readAll(connection), answer);
      await finishStream(role.side, peer);
    }
  });

  test(`npws/2 bundles of ${role.name}: long data crosses by itself, and stays in its place`, async () => {
    await using rig = await open(true);
    const peer = await rig.nextPeer();
    const connection = await takeLink(rig.pool, peer);
    const content = pattern(MAX_BUNDLE_BYTES + 1);
    const written = write(connection, content).then(() => writeAndClose(connection, "behind"));
    assertEquals(await peer.link.readMessage(), content);
    assertEquals(await peer.hearTogether(), [bytes("behind"), "fin"]);
    await written;
    await peer.sayTogether(bytes("before"));
    await peer.send(content);
    await peer.sayTogether(bytes("behind"), "fin");
    const whole = await readAll(connection);
    assertEquals(whole, Uint8Array.of(...bytes("before"), ...content, ...bytes("behind")));
    await finishStream(role.side, peer);
  });

  test(`npws/2 bundles of ${role.name}: one that cannot be read ends its link with 1002 and no other`, async () => {
    await using rig = await open(true, role.side === "client" ? { minCapacity: 2 } : {});
    const [bad, good] = [await rig.nextPeer(), await rig.nextPeer()];
    const [broken, whole] = [await takeLink(rig.pool, bad), await takeLink(rig.pool, good)];
    await bad.send(Uint8Array.of(...bundleOf("ping 1"), 0x80, 0x05, 0x66));
    await bad.expect("pong 1");
    assertEquals(await bad.hearClose(), role.closeCode(1002));
    await assertRejects(() => readText(broken), ProtocolError, "a malformed bundle");
    await assertCarries(whole, good);
  });
}

async function assertCarries(connection: Awaited<ReturnType<typeof takeLink>>, peer: RawPeer): Promise<void> {
  await write(connection, "hello");
  assertEquals(await peer.hearTogether(), [bytes("hello")]);
  await peer.sayTogether(bytes("and "), bytes("back"));
  assertEquals(await readExactly(connection, 8), bytes("and back"));
}

const SESSIONS = 50;

for (const { name, open } of pairs) {
  test(`npws/2 bundles of ${name}: a question and its answer cross in one message each`, async () => {
    await using stack = new AsyncDisposableStack();
    let relay: FrameRelay | undefined;
    const through = async (port: number) => {
      relay = stack.use(await FrameRelay.listen(port));
      return relay.port;
    };
    await using pair = await open({ through });
    await pair.remote.call("echo");
    relay!.crossed = [];
    for (let count = 0; count < SESSIONS; count++) await exchange(await pair.local.open({ early: true }), "question");
    const crossed = relay!.crossed.map(noted).filter((message) => !message.startsWith("{"));
    // A side's idle may also be sent with its next question, or on its own if the next question uses another link.
    const questions = crossed.filter((message) => message.includes("open"));
    const answers = crossed.filter((message) => message.includes("ok"));
    for (const question of questions) assertMatch(question, /^\[(idle( \w{8})?, )?open, data 8, fin\]$/);
    for (const answer of answers) assertMatch(answer, /^\[ok, data 8, fin, idle( \w{8})?\]$/);
    assertEquals([questions.length, answers.length], [SESSIONS, SESSIONS]);
    assert(crossed.length <= 3 * SESSIONS, `${crossed.length} messages: ${crossed.join("\n")}`);
  });
}

/** A text unchanged, and a bundle as the list of its messages. */
function noted({ opcode, payload }: Frame): string {
  if (opcode === Opcode.text) return new TextDecoder().decode(payload);
  const { messages, isWhole } = messagesIn(payload);
  assertEquals(isWhole, true);
  return `[${messages.map((message) => typeof message === "string" ? message : `data ${message.length}`).join(", ")}]`;
}
