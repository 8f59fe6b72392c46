import { Buffer } from "node:buffer";

/** The longest head of an answer, in bytes, together with those of the interim ones before it: as long as Node.js has one. */
const MAX_HEAD_BYTES = 16_384;

const LINE_FEED = 10;

/** How an answer begins. */
const PROTOCOL = "HTTP/1.";

/** RFC 9112 section 4; obsolete text is allowed, control characters are not. */
const STATUS_LINE = /^HTTP\/1\.[01] ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;

/** RFC 9110 section 5.5; the value with the white space around it. */
const FIELD = /^([\w!#$%&'*+.^`|~-]+):([\t\x20-\x7e\x80-\xff]*)$/;

/** A server's answer to an upgrade request. */
export interface Answer {
  readonly status: number;
  /** By their names in lower case; the values of equal names are separated by ", " (RFC 9110 section 5.3). */
  readonly headers: ReadonlyMap<string, string>;
  /** What followed the head. */
  readonly rest: Uint8Array<ArrayBuffer>;
}

/**
 * Reads the head of an answer (RFC 9112 section 2.1), after those of interim ones. Each line is checked as soon as it is there.
 * A line may end with a line feed alone (section 2.2).
 */
export class AnswerReader {
  #headBytes = 0;
  /** The beginning of a line that is still incomplete. */
  #line = "";
  /** Undefined until the status line has come. */
  #status: number | undefined;
  #headers = new Map<string, string>();

  /**
   * Returns the answer once its head is complete.
   *
   * @throws {SyntaxError} The server does not speak HTTP/1.
   * @throws {RangeError} The head is too long.
   */
  read(chunk: Uint8Array<ArrayBuffer>): Answer | undefined {
    for (let begin = 0; begin < chunk.length;) {
      const lineFeed = chunk.indexOf(LINE_FEED, begin);
      const end = lineFeed < 0 ? chunk.length : lineFeed + 1;
      this.#append(chunk.subarray(begin, end));
      begin = end;
      if (lineFeed < 0 || !this.#endLine()) continue;
      const status = this.#status!;
      const headers = this.#headers;
      if (!isInterim(status)) return { status, headers, rest: chunk.subarray(end) };
      this.#begin();
    }
    return undefined;
  }

  /** The head of the next answer begins. */
  #begin(): void {
    this.#status = undefined;
    this.#headers = new Map();
  }

  #append(bytes: Uint8Array<ArrayBuffer>): void {
    this.#line += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
    const isFromHttp = this.#status !== undefined || PROTOCOL.startsWith(this.#line.slice(0, PROTOCOL.length));
    if (!isFromHttp) throw new SyntaxError("not HTTP/1");
    this.#headBytes += bytes.length;
    if (this.#headBytes > MAX_HEAD_BYTES) throw new RangeError(`head longer than ${MAX_HEAD_BYTES} bytes`);
  }

  /** Returns whether the line was the empty one that ends the head. */
  #endLine(): boolean {
    const line = this.#line.slice(0, this.#line.endsWith("\r\n") ? -2 : -1);
    this.#line = "";
    if (this.#status === undefined) this.#status = statusOf(line);
    else if (line !== "") this.#addField(line);
    return line === "";
  }

  #addField(field: string): void {
    const [, name, value] = FIELD.exec(field) ?? [];
    if (name === undefined || value === undefined) throw new SyntaxError("invalid header");
    const key = name.toLowerCase();
    const earlier = this.#headers.get(key);
    this.#headers.set(key, earlier === undefined ? stripped(value) : `${earlier}, ${stripped(value)}`);
  }
}

function statusOf(line: string): number {
  const [, status] = STATUS_LINE.exec(line) ?? [];
  if (status === undefined) throw new SyntaxError("invalid status line");
  return Number(status);
}

/** Whether another answer follows (RFC 9110 section 15.2). */
function isInterim(status: number): boolean {
  return status < 200 && status !== 101;
}

/** The text without the spaces and tabs around it; no regular expression does that in linear time. */
function stripped(text: string): string {
  let [begin, end] = [0, text.length];
  while (isBlank(text[begin])) begin++;
  while (end > begin && isBlank(text[end - 1])) end--;
  return text.slice(begin, end);
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t";
}
