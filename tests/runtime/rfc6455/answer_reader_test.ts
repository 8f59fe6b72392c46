import { assertEquals, assertThrows } from "@std/assert";
import { type Answer, AnswerReader } from "../../../src/runtime/rfc6455/answer_reader.ts";
import { test } from "../../harness.ts";

/** The bytes of a text in Latin-1. */
function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function read(...chunks: string[]): Answer | undefined {
  const reader = new AnswerReader();
  return chunks.map((chunk) => reader.read(bytes(chunk))).at(-1);
}

function headersOf(fields: string): [string, string][] {
  return [...read(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`)!.headers];
}

const plain = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

test("AnswerReader reads an answer and what follows it", () => {
  const { status, headers, rest } = read(`${plain}\x81\x00\xff`)!;
  assertEquals([status, [...headers]], [101, [["upgrade", "websocket"]]]);
  assertEquals([...rest], [0x81, 0, 0xff]);
});

test("AnswerReader reads an answer that comes byte by byte", () => {
  const reader = new AnswerReader();
  const answers = [...bytes(plain)].map((byte) => reader.read(Uint8Array.of(byte)));
  assertEquals(answers.map((answer) => answer?.status).filter((status) => status !== undefined), [101]);
  assertEquals(answers.at(-1)!.rest.length, 0);
});

test("AnswerReader leaves the memory that it is given alone", () => {
  const reader = new AnswerReader();
  const chunk = bytes(plain.slice(0, 20));
  reader.read(chunk);
  chunk.fill(0);
  assertEquals(reader.read(bytes(plain.slice(20)))!.status, 101);
});

test("AnswerReader takes lines that end with a line feed alone", () => {
  const { status, headers, rest } = read("HTTP/1.1 101 Switching Protocols\nA: b\r\nC: d\n\nrest")!;
  assertEquals([status, [...headers], rest.length], [101, [["a", "b"], ["c", "d"]], 4]);
});

test("AnswerReader reads past interim answers", () => {
  const interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  assertEquals(read(`HTTP/1.1 100 Continue\r\n\r\n${interim}${plain}rest`)!.status, 101);
  assertEquals(read(interim, plain)!.status, 101);
  assertEquals(read(interim), undefined);
  assertEquals(headersOf("A: b"), [["a", "b"]]);
});

for (const line of ["HTTP/1.1 503 Service Unavailable", "HTTP/1.1 503 ", "HTTP/1.1 503", "HTTP/1.0 503 caf\xe9"]) {
  test(`AnswerReader reads the status of ${JSON.stringify(line)}`, () => {
    assertEquals(read(`${line}\r\n\r\n`)!.status, 503);
  });
}

test("AnswerReader joins the values of headers with equal names", () => {
  assertEquals(
    headersOf("Connection: keep-alive\r\nX-A:\t1 \r\nCONNECTION:Upgrade\r\nempty:\r\nblank: \t \r\nno-break:\xa0b\tc "),
    [
      ["connection", "keep-alive, Upgrade"],
      ["x-a", "1"],
      ["empty", ""],
      ["blank", ""],
      ["no-break", "\xa0b\tc"],
    ],
  );
});

/** None of them waits for the end of the head. */
const invalid = {
  "another protocol": "SSH-2.0-OpenSSH_9.2\r\n",
  "a first byte of another protocol": "\x15",
  "a part of another protocol's name": "HTTP/2",
  "no status": "HTTP/1.1 OK\r\n",
  "a status of two digits": "HTTP/1.1 99 Low\r\n",
  "a status that begins with 0": "HTTP/1.1 099 Low\r\n",
  "a status of four digits": "HTTP/1.1 2000 High\r\n",
  "another version": "HTTP/1.2 200 OK\r\n",
  "a header without a colon": "HTTP/1.1 200 OK\r\nUpgrade\r\n",
  "a header without a name": "HTTP/1.1 200 OK\r\n: websocket\r\n",
  "a space before the colon": "HTTP/1.1 200 OK\r\nUpgrade : websocket\r\n",
  "a folded header": "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n",
  "a carriage return in a header": "HTTP/1.1 200 OK\r\nA: b\rUpgrade: websocket\r\n",
  "an interim answer and nonsense": "HTTP/1.1 100 Continue\r\n\r\nnonsense",
  "an empty first line": "\r\n",
  "two carriage returns": "HTTP/1.1 200 OK\r\r\n",
  "a control character in the status line": "HTTP/1.1 200 O\x00K\r\n",
  "a control character in a header": "HTTP/1.1 200 OK\r\nA: \x01\r\n",
  "64 KiB of another protocol": "\x00".repeat(65_536),
};

for (const [what, answer] of Object.entries(invalid)) {
  test(`AnswerReader takes no answer with ${what}`, () => {
    assertThrows(() => read(answer), SyntaxError);
  });
}

test("AnswerReader takes heads of up to 16 KiB", () => {
  const [begin, end] = ["HTTP/1.1 200 OK\r\nA: ", "\r\n\r\n"];
  const longest = begin + "a".repeat(16_384 - begin.length - end.length);
  assertEquals(read(`${longest}${end}`)!.status, 200);
  assertEquals(read(`${longest}\r`, "\n\r", "\n".padEnd(65_536))!.status, 200);
  assertThrows(() => read(`${longest}a${end}`), RangeError, "head longer than 16384 bytes");
  assertThrows(() => read(`${longest}abcde`), RangeError, "head longer than 16384 bytes");
  assertThrows(() => read(`HTTP/1.1 100 Continue\r\n\r\n${longest}${end}`), RangeError, "head longer than 16384 bytes");
});
