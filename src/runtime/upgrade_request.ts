import { createHash, randomBytes } from "node:crypto";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import type { Socket as NetSocket } from "node:net";
import { noHandshake, refusedUpgrade, unaskedHeader } from "./dial_failure.ts";
import type { DialOptions } from "./runtime.ts";

/** What a server appends to the key and hashes, to show that it knows the protocol (RFC 6455 section 1.3). */
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Headers with which a server would accept what was not offered. */
const NOT_ASKED_FOR = ["Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"];

/** Receives the outcome of an upgrade request. */
export interface UpgradeHandler {
  /** The connection speaks WebSocket from here on; `first` followed the answer. Called in the turn in which it arrived. */
  accepted(first: Uint8Array<ArrayBuffer>): void;
  /** The server answered something else; `reason` says what is wrong. */
  refused(reason: string): void;
  /** No answer, or one that is not HTTP. */
  failed(error: Error): void;
}

/** Requests the upgrade of a connection to WebSocket: the client's opening handshake (RFC 6455 section 4.1). */
export function requestUpgrade(transport: NetSocket, options: DialOptions, handler: UpgradeHandler): ClientRequest {
  const { host, pathname, search } = new URL(options.url);
  const key = randomBytes(16).toString("base64");
  const asked = request({
    createConnection: () => transport,
    path: pathname + search,
    headers: {
      host,
      ...options.headers,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": key,
    },
  });
  asked.on("upgrade", (response, _transport, first) => {
    const problem = problemOf(response, key);
    if (problem === undefined) handler.accepted(first as Uint8Array<ArrayBuffer>);
    else handler.refused(problem);
  });
  asked.on("response", (response) => handler.refused(refusedUpgrade(response)));
  asked.on("error", (error) => handler.failed(error));
  asked.end();
  return asked;
}

/** Why a client rejects a 101 answer; undefined if the answer is valid. */
function problemOf({ headers }: IncomingMessage, key: string): string | undefined {
  if (headers.upgrade?.toLowerCase() !== "websocket") return noHandshake("Upgrade");
  const accept = createHash("sha1").update(key + ACCEPT_SUFFIX).digest("base64");
  if (headers["sec-websocket-accept"] !== accept) return noHandshake("Sec-WebSocket-Accept");
  const unasked = NOT_ASKED_FOR.find((name) => headers[name.toLowerCase()] !== undefined);
  return unasked && unaskedHeader(unasked);
}
