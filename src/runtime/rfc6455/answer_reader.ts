import { Buffer } from "node:buffer";

/** The longest head of an answer, in bytes: as Node.js has it. */
const MAX_HEAD_BYTES = 16_384;

/** How an answer begins. */
const PROTOCOL = "HTTP/1.";

const END = "\r\n\r\n";

/** A server's answer to an upgrade request. */
export interface Answer {
  readonly status: number;
  /** By their names in lower case; the values of equal names are separated by ", " (RFC 9110 section 5.3). */
  readonly headers: ReadonlyMap<string, string>;
  /** What followed the head. */
  readonly rest: Uint8Array<ArrayBuffer>;
}

/** Reads the head of an answer (RFC 9112 section 2.1), after any number of interim ones. */
export class AnswerReader {
  #received = Buffer.alloc(0);

  /**
   * Returns the answer once its head is complete.
   *
   * @throws {SyntaxError} The server does not speak HTTP/1.
   * @throws {RangeError} The head is too long.
   */
  read(chunk: Uint8Array): Answer | undefined {
    let received = Buffer.concat([this.#received, chunk]);
    for (let end = endOf(received); end >= 0; end = endOf(received)) {
      const rest = received.subarray(end + END.length);
      const { status, headers } = parsed(received.toString("latin1", 0, end));
      if (!isInterim(status)) return { status, headers, rest };
      received = rest;
    }
    this.#received = received;
    return undefined;
  }
}

/** Where the head ends; negative while that is unknown. */
function endOf(received: Buffer): number {
  if (!PROTOCOL.startsWith(received.toString("latin1", 0, PROTOCOL.length))) throw new SyntaxError("not HTTP/1");
  const end = received.indexOf(END);
  if ((end < 0 ? received.length - (END.length - 1) : end) > MAX_HEAD_BYTES) {
    throw new RangeError(`head longer than ${MAX_HEAD_BYTES} bytes`);
  }
  return end;
}

function parsed(head: string): Omit<Answer, "rest"> {
  const [statusLine, ...fields] = head.split("\r\n");
  const status = /^HTTP\/1\.[01] ([1-9]\d\d)(?: .*)?$/.exec(statusLine!)?.[1];
  if (status === undefined) throw new SyntaxError("invalid status line");
  const headers = new Map<string, string>();
  for (const field of fields) {
    const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):(.*)$/.exec(field) ?? [];
    if (name === undefined) throw new SyntaxError("invalid header");
    const key = name.toLowerCase();
    const earlier = headers.get(key);
    headers.set(key, earlier === undefined ? value!.trim() : `${earlier}, ${value!.trim()}`);
  }
  return { status: Number(status), headers };
}

/** Whether another answer follows (RFC 9110 section 15.2). */
function isInterim(status: number): boolean {
  return status < 200 && status !== 101;
}
