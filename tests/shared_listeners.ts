import { assert } from "@std/assert";
import type { Socket } from "node:net";

/** Asserts that two sockets have listeners to these events, and the same ones: none keeps anything of a single socket alive. */
export function assertSharedListeners(first: Socket, second: Socket, events: readonly string[]): void {
  for (const event of events) {
    const [ofFirst, ofSecond] = [first, second].map((socket) => socket.listeners(event));
    assert(ofFirst.length > 0 && ofFirst.every((listener, i) => listener === ofSecond[i]), event);
  }
}
