import { hash, randomBytes } from "node:crypto";
import { noHandshake, refusedUpgrade, unaskedHeader, unreadableAnswer } from "./dial_failure.ts";
import { type Answer, AnswerReader } from "./rfc6455/answer_reader.ts";
import type { DialOptions } from "./runtime.ts";

/** What a server appends to the key and hashes, to show that it knows the protocol (RFC 6455 section 1.3). */
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Headers with which a server would accept what was not offered. */
const NOT_ASKED_FOR = ["Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"];

/** A client's opening handshake (RFC 6455 section 4.1): a request to upgrade the connection to WebSocket, and its answer. */
export class OpeningHandshake {
  /** The request, whose characters are bytes (Latin-1). */
  readonly request: string;
  readonly #key = randomBytes(16).toString("base64");
  readonly #reader = new AnswerReader();

  constructor({ url, headers }: DialOptions) {
    const { host, pathname, search } = new URL(url);
    const fields = {
      Host: host,
      ...headers,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": this.#key,
    };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    this.request = `GET ${pathname}${search} HTTP/1.1\r\n${lines.join("")}\r\n`;
  }

  /**
   * Receives bytes of the answer. Once it is complete, returns what followed it: the connection speaks WebSocket from there on.
   *
   * @throws {Error} The server did not upgrade the connection; the message is the bare reason.
   */
  read(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
    const answer = this.#answer(chunk);
    const problem = answer && problemOf(answer, this.#key);
    if (problem !== undefined) throw new Error(problem);
    return answer?.rest;
  }

  #answer(chunk: Uint8Array<ArrayBuffer>): Answer | undefined {
    try {
      return this.#reader.read(chunk);
    } catch (error) {
      throw new Error(unreadableAnswer(error), { cause: error });
    }
  }
}

/** What is wrong with an answer; undefined if it upgrades the connection. */
function problemOf({ status, headers }: Answer, key: string): string | undefined {
  if (status !== 101) return refusedUpgrade(status, headers.get("location"));
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") return noHandshake("Upgrade");
  if (!/(?:^|,)\s*upgrade\s*(?:,|$)/i.test(headers.get("connection") ?? "")) return noHandshake("Connection");
  if (headers.get("sec-websocket-accept") !== hash("sha1", key + ACCEPT_SUFFIX, "base64")) {
    return noHandshake("Sec-WebSocket-Accept");
  }
  const unasked = NOT_ASKED_FOR.find((name) => headers.has(name.toLowerCase()));
  return unasked && unaskedHeader(unasked);
}
