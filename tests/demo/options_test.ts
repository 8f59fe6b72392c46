import { assertEquals, assertThrows } from "@std/assert";
import { readOptions } from "../../examples/demo/options.ts";
import { test } from "../harness.ts";

test("readOptions() reads the file, --connections and --port, and has defaults for all", () => {
  assertEquals(readOptions([], "/bin/x"), { path: "/bin/x", connections: 4, port: 0 });
  assertEquals(readOptions(["a", "--connections", "100", "--port=65535"], "/bin/x"), {
    path: "a",
    connections: 100,
    port: 65_535,
  });
});

test("readOptions() tells that only help was asked for", () => {
  assertEquals(readOptions(["a", "-h"], "/bin/x"), "help");
});

test("readOptions() refuses what it does not understand, in one sentence", () => {
  const connections = (text: string) =>
    `Cannot start the demo: --connections must be an integer from 1 to 100, got "${text}"`;
  const cases: [args: string[], message: string][] = [
    [["--connections", "0"], connections("0")],
    [["--connections", "101"], connections("101")],
    [["--connections", "2.5"], connections("2.5")],
    [["--connections", "four"], connections("four")],
    [["--connections="], connections("")],
    [["--port", "65536"], 'Cannot start the demo: --port must be an integer from 0 to 65535, got "65536"'],
    [["a", "b"], "Cannot move more than one file: got a, b"],
    [["--conections", "4"], "Cannot read the arguments: Unknown option '--conections'; see --help"],
    [
      ["--connections"],
      "Cannot read the arguments: Option '--connections <value>' argument missing; see --help",
    ],
    [
      ["--connections", "-1"],
      "Cannot read the arguments: Option '--connections' argument is ambiguous; see --help",
    ],
  ];
  for (const [args, message] of cases) assertThrows(() => readOptions(args, "/bin/x"), Error, message);
});
