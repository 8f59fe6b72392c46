import { assertEquals } from "@std/assert";
import type { Link, LinkState } from "../../src/link/link.ts";
import { Npws1Link } from "../../src/link/npws1.ts";
import { Npws2Link } from "../../src/link/npws2.ts";
import { LinkSet } from "../../src/pool/link_set.ts";
import { ManualClock } from "../fakes.ts";
import { test } from "../harness.ts";
import { FakeLinkHost } from "../link/fake_link_host.ts";
import { RecordingSocket } from "../link/recording_socket.ts";

/** A clock for a process that can be suspended: the time goes on, but its timers do not. */
class StoppableClock extends ManualClock {
  #stoppedMs = 0;

  override now(): number {
    return super.now() + this.#stoppedMs;
  }

  stopProcess(ms: number): void {
    this.#stoppedMs += ms;
  }
}

/** A fake pool that keeps its links in a set, as the pools do. */
class SetHost extends FakeLinkHost {
  readonly swept: string[] = [];
  readonly links: LinkSet;
  readonly stopProcess: (ms: number) => void;

  constructor(sweepMs = 250) {
    const clock = new StoppableClock();
    super("server", {}, clock);
    this.stopProcess = (ms) => clock.stopProcess(ms);
    this.links = new LinkSet(this.clock, sweepMs, (link, now) => this.#sweep(link, now));
  }

  override linkChanged(link: Link, before: LinkState): void {
    this.links.changed(link, before);
  }

  /** Opens a link and admits it. */
  open(protocol: 1 | 2 = 2, name?: string) {
    const socket = new RecordingSocket();
    const id = `0000000${this.links.size}`;
    const hello = { window: 1_024, pool: "aaaaaaaaaaaaaaaa", name };
    const link = protocol === 1 ? new Npws1Link(socket, this, id) : new Npws2Link(socket, this, "server", id, hello);
    socket.handler = link;
    this.links.add(link);
    return { link, socket };
  }

  #sweep(link: Link, now: number): void {
    this.swept.push(`${link.id} at ${now}`);
    link.sweep(now);
  }
}

/** Links idle for 30 s are pinged, for 40 s dropped; see FakeLinkHost. */
const SILENCE_MS = 40_000;

test("LinkSet counts its links, and those that close, until their sockets are gone", () => {
  const host = new SetHost();
  const { links } = host;
  const [a, b] = [host.open(), host.open()];
  assertEquals([links.size, links.closing], [2, 0]);
  a.link.close(1000, "");
  b.socket.end(1006);
  assertEquals([links.size, links.closing, [...links]], [1, 1, [a.link]]);
  a.socket.end(1000);
  assertEquals([links.size, links.closing], [0, 0]);
  links.stop();
});

test("LinkSet.isNpws1Only is true where there are links and all of them speak npws/1", () => {
  const host = new SetHost();
  const { links } = host;
  assertEquals(links.isNpws1Only, false);
  const old = host.open(1);
  assertEquals(links.isNpws1Only, true);
  const { socket } = host.open(2);
  assertEquals(links.isNpws1Only, false);
  host.open(1).socket.end(1000);
  assertEquals(links.isNpws1Only, false);
  socket.end(1000);
  assertEquals(links.isNpws1Only, true);
  old.socket.end(1000);
  assertEquals(links.isNpws1Only, false);
  links.stop();
});

test("LinkSet.drain() closes the links, and resolves when every one that was there is gone", async () => {
  const host = new SetHost();
  const [a, b] = [host.open(), host.open()];
  let isOver = false;
  const drained = host.links.drain(0, new Error("closed")).then(() => isOver = true);
  assertEquals([a.link.state, b.link.state], ["closing", "closing"]);
  a.socket.end(1000);
  await host.clock.advance(0);
  assertEquals(isOver, false);
  b.socket.end(1006);
  await drained;
  host.links.stop();
});

test("LinkSet sweeps all links with one timer, which runs while there are any", async () => {
  const host = new SetHost();
  const { clock, links } = host;
  assertEquals(clock.pending, 0);
  const [a, b] = [host.open(), host.open()];
  assertEquals(clock.pending, 1);
  await clock.advance(500);
  assertEquals(host.swept, ["00000000 at 250", "00000001 at 250", "00000000 at 500", "00000001 at 500"]);
  a.socket.end(1000);
  b.socket.end(1000);
  await clock.advance(1_000);
  assertEquals([host.swept.length, clock.pending], [4, 0]);
  host.open();
  await clock.advance(250);
  assertEquals(host.swept.length, 5);
  links.stop();
  assertEquals(clock.pending, 0);
});

test("LinkSet sweeps every second at least", async () => {
  for (const sweepMs of [Infinity, 60_000]) {
    const host = new SetHost(sweepMs);
    host.open();
    await host.clock.advance(2_000);
    assertEquals(host.swept, ["00000000 at 1000", "00000000 at 2000"]);
    host.links.stop();
  }
});

test("LinkSet pings silent links and drops those that stay silent", async () => {
  const host = new SetHost();
  const { clock, links } = host;
  const [silent, lively] = [host.open(), host.open()];
  await clock.advance(SILENCE_MS - 10_000);
  assertEquals([silent.socket.sent, lively.socket.sent], [["ping 1"], ["ping 1"]]);
  lively.socket.receive("pong 1");
  await clock.advance(10_000);
  assertEquals([silent.link.state, lively.link.state], ["closed", "idle"]);
  links.stop();
});

test("LinkSet drops no link after the process was stopped, before it had a chance to hear the peer", async () => {
  const host = new SetHost();
  const { clock, links } = host;
  const { link, socket } = host.open();
  await clock.advance(29_000);
  host.stopProcess(3_600_000);
  await clock.advance(250);
  assertEquals([link.state, host.swept.at(-1)], ["idle", "00000000 at 29000"]);
  socket.receive("pong 0");
  await clock.advance(1_000);
  assertEquals([link.state, host.swept.at(-1)], ["idle", `00000000 at ${clock.now()}`]);
  links.stop();
});

test("LinkSet asks a link that is silent on after the process was stopped, and drops it when no answer comes", async () => {
  const host = new SetHost();
  const { clock, links } = host;
  const { link, socket } = host.open();
  host.stopProcess(3_600_000);
  await clock.advance(250);
  assertEquals([link.state, socket.sent], ["idle", []]);
  await clock.advance(250);
  assertEquals([link.state, socket.sent], ["idle", ["ping 1"]]);
  await clock.advance(9_750);
  assertEquals(link.state, "idle");
  await clock.advance(250);
  assertEquals(link.state, "closed");
  links.stop();
});

test("LinkSet drops a link whose take is not answered for 1 s, and not while the process was stopped", async () => {
  const host = new SetHost();
  const { clock, links } = host;
  const { link } = host.open();
  links.probing(link);
  host.stopProcess(1_300);
  await clock.advance(1_000);
  assertEquals(link.state, "idle", "it was asked before the stop, and the answer may be there");
  await clock.advance(999);
  assertEquals(link.state, "idle");
  await clock.advance(1);
  assertEquals(link.state, "closed");
  links.stop();
});

test("LinkSet sweeps a link although the timer was late by less than its period", async () => {
  const host = new SetHost();
  const { clock, links } = host;
  host.open();
  host.stopProcess(249);
  await clock.advance(250);
  assertEquals(host.swept, ["00000000 at 499"]);
  links.stop();
});

test("LinkSet drops a link that was given up and is still in use 30 s later, and no other", async () => {
  const host = new SetHost();
  const { clock, links } = host;
  const [stuck, ended] = [host.open(), host.open()];
  for (const { link, socket } of [stuck, ended]) {
    socket.receive("take");
    links.givenUp(link);
  }
  ended.socket.receive("reset 0");
  ended.link.handBack();
  assertEquals([stuck.link.state, ended.link.state], ["inUse", "done"]);
  await clock.advance(29_999);
  assertEquals(stuck.link.state, "inUse");
  await clock.advance(1);
  assertEquals([stuck.link.state, ended.link.state], ["closed", "done"]);
  links.stop();
});

test("LinkSet closes a link whose peer does not give it back in 30 s, when the peer has received everything", async () => {
  const host = new SetHost();
  const { clock, links } = host;
  const [answering, mute] = [host.open(), host.open()];
  for (const { link, socket } of [answering, mute]) {
    socket.receive("take");
    socket.receive("reset 0");
    link.handBack();
    assertEquals(link.state, "done");
  }
  await clock.advance(1_000);
  assertEquals(links.late, 2);
  await clock.advance(28_999);
  const isAsked = ({ socket }: typeof mute) => socket.sent.includes(`ping ${Number.MAX_SAFE_INTEGER}`);
  assertEquals([isAsked(answering), isAsked(mute)], [false, false]);
  await clock.advance(1);
  assertEquals([isAsked(answering), isAsked(mute), mute.link.state], [true, true, "done"]);
  answering.socket.receive(`pong ${Number.MAX_SAFE_INTEGER}`);
  assertEquals([answering.link.state, answering.socket.sent.at(-1)], ["closing", "close 1000"]);
  mute.socket.receive("pong 0"); // it is alive, and sends no more
  await clock.advance(28_999);
  assertEquals(mute.link.state, "done");
  await clock.advance(1);
  assertEquals([mute.link.state, links.late], ["closed", 0]);
  links.stop();
});

test("LinkSet.retireLate() asks the late ones alone, and once", async () => {
  const host = new SetHost();
  const { clock, links } = host;
  const isDone = () => {
    const { link, socket } = host.open();
    socket.receive("take");
    socket.receive("reset 0");
    link.handBack();
    return socket;
  };
  const late = isDone();
  await clock.advance(1_000);
  const fresh = isDone();
  const asked = () =>
    [late, fresh].map(({ sent }) => sent.filter((text) => text === `ping ${Number.MAX_SAFE_INTEGER}`).length);
  links.retireLate();
  links.retireLate();
  assertEquals(asked(), [1, 0]);
  await clock.advance(28_999);
  assertEquals([links.size, asked()], [2, [1, 0]]);
  await clock.advance(1);
  assertEquals([links.size, asked()], [1, [1, 0]], "it had 30 s in all");
  links.stop();
});

test("LinkSet.hasPeer() knows the clients that have links", async () => {
  const host = new SetHost();
  const { links } = host;
  const [first, second] = ["edge-7", "edge-7"].map((name) => host.open(2, name));
  assertEquals([links.hasPeer("edge-7"), links.hasPeer("edge-8")], [true, false]);
  first!.link.terminate();
  assertEquals(links.hasPeer("edge-7"), true);
  second!.link.terminate();
  assertEquals(links.hasPeer("edge-7"), false);
  await Promise.all([first!.link.closed, second!.link.closed]);
  links.stop();
});

test("LinkSet.stop() leaves no timer behind", () => {
  const host = new SetHost();
  const { clock, links } = host;
  const { link, socket } = host.open();
  socket.receive("take");
  links.givenUp(link);
  links.stop();
  assertEquals(clock.pending, 0);
});
