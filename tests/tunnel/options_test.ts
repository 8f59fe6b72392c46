import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import process from "node:process";
import { CLIENT_HELP, type ClientOptions, readClientOptions } from "../../examples/tunnel/client_options.ts";
import { TOKEN_VARIABLE } from "../../examples/tunnel/command_line.ts";
import { ExitError } from "../../examples/tunnel/exit_error.ts";
import { readServerOptions, SERVER_HELP, type ServerOptions } from "../../examples/tunnel/server_options.ts";
import { test } from "../harness.ts";

const client = ["--server", "wss://host:8443", "--forward", "8080=127.0.0.1:3000"];
const server = ["--listen", "8443", "--tls", "off"];

function clientOptions(...more: string[]): ClientOptions {
  return readClientOptions([...client, ...more]) as ClientOptions;
}

function serverOptions(...more: string[]): ServerOptions {
  return readServerOptions([...server, ...more]) as ServerOptions;
}

/** Asserts that a wrong command line ends with exit code 2 and a sentence. */
function assertRefused(read: (args: string[]) => unknown, args: string[], sentence: string): void {
  const error = assertThrows(() => read(args), ExitError);
  assertEquals([error.exitCode, error.message], [2, `Cannot start: ${sentence}`]);
}

test("tunnel client has these defaults", () => {
  assertEquals(clientOptions(), {
    url: "wss://host:8443",
    token: undefined,
    tls: undefined,
    name: undefined,
    forwards: [{ listen: { hostname: undefined, port: 8080 }, target: { hostname: "127.0.0.1", port: 3000 } }],
    locals: [],
    minLinks: 16,
    maxLinks: 256,
    drainMs: 10_000,
    isVerbose: false,
  });
});

test("tunnel client takes all its options", () => {
  const tls = ["--tls", "self-signed", "--pin", "aa", "--pin", "bb"];
  const links = ["--min-links", "500", "--drain", "0", "--name", "edge-7", "--token", "t", "-v"];
  const options = clientOptions("--local", "5432=db:5432", "--forward", "0=a:1", ...tls, ...links);
  assertEquals([options.forwards.length, options.locals.length], [2, 1]);
  assertEquals(options.tls, { mode: "self-signed", pinSha256: ["aa", "bb"], caCerts: undefined });
  assertEquals([options.minLinks, options.maxLinks, options.drainMs], [500, 500, 0]);
  assertEquals([options.name, options.token, options.isVerbose], ["edge-7", "t", true]);
});

test("tunnel client refuses a wrong command line in a sentence", () => {
  const rule = ["--forward", "1=a:1"];
  const at = ["--server", "host:1"];
  const cases: [string[], string][] = [
    [rule, "--server is required; see --help"],
    [at, "at least one --forward or --local is required"],
    [[...at, "--forward", "x"], `--forward must be [bind:]port=host:port, got "x"`],
    [[...at, ...rule, ...rule], "--forward names port 1 twice"],
    [[...at, ...rule, "--tls", "no"], `--tls must be "off", "self-signed" or "verified", got "no"`],
    [[...at, ...rule, "--tls", "off", "--pin", "aa"], "--pin and --ca cannot be combined with --tls off"],
    [["--server", "wss://host", ...rule, "--tls", "off"], "--tls off cannot be combined with --server wss://"],
    [["--server", "ws://host", ...rule, "--pin", "aa"], "--tls, --pin and --ca cannot be combined with --server ws://"],
    [
      ["--server", "ws://host", ...rule, "--tls", "verified"],
      "--tls, --pin and --ca cannot be combined with --server ws://",
    ],
    [[...at, ...rule, "--tls", "self-signed", "--ca", "x"], "--ca cannot be combined with --tls self-signed"],
    [[...at, ...rule, "--ca", "/none"], "the --ca file /none cannot be read: no such file"],
    [[...at, ...rule, "--name", "a b"], `--name must be 1 to 50 characters of A-Z a-z 0-9 . _ -, got "a b"`],
    [[...at, ...rule, "--min-links", "0"], `--min-links must be an integer from 1 to 1000000, got "0"`],
    [
      [...at, ...rule, "--min-links", "9", "--max-links", "8"],
      `--max-links must be an integer from 9 to 1000000, got "8"`,
    ],
    [[...at, ...rule, "--token", "a", "--token", "b"], "--token may be given only once"],
    [[...at, ...rule, "--token"], `--token needs a value; write --token=VALUE if it begins with "-"`],
    [[...at, "--token", "--forward", "1=a:1"], `--token needs a value; write --token=VALUE if it begins with "-"`],
    [[...at, "--verbose=yes"], "Option '-v, --verbose' does not take an argument; see --help"],
  ];
  for (const [args, sentence] of cases) assertRefused(readClientOptions, args, sentence);
  assertStringIncludes(assertThrows(() => clientOptions("--nonsense"), ExitError).message, "--nonsense");
});

test("tunnel server has these defaults", () => {
  const { allowPorts, ...options } = serverOptions();
  assertEquals(String(allowPorts), "0,1024-65535");
  assertEquals(options, {
    listen: { hostname: "0.0.0.0", port: 8443 },
    tokens: [],
    tls: "off",
    allowTargets: undefined,
    bind: "0.0.0.0",
    maxLinks: 10_000,
    drainMs: 10_000,
    isVerbose: false,
  });
});

test("tunnel server takes all its options", () => {
  const options = readServerOptions([
    ...["--listen", "[::1]:0", "--tls", "self-signed", "--token", "a", "--token", "b", "--bind", "127.0.0.1"],
    ...["--allow-ports", "80,443", "--allow-targets", "db:5432", "--max-links", "5", "--drain", "1", "--verbose"],
  ]) as ServerOptions;
  assertEquals([options.listen, options.tls], [{ hostname: "::1", port: 0 }, "made"]);
  assertEquals([options.tokens, options.bind, options.maxLinks], [["a", "b"], "127.0.0.1", 5]);
  assertEquals([options.drainMs, options.isVerbose, String(options.allowPorts)], [1_000, true, "80,443"]);
  assertEquals(options.allowTargets?.has({ hostname: "db", port: 5432 }), true);
});

test("tunnel server refuses a wrong command line in a sentence", () => {
  const at = ["--listen", "1"];
  const cases: [string[], string][] = [
    [[], "--listen is required; see --help"],
    [["--listen", "host", "--tls", "off"], `--listen must be [host:]port, got "host"`],
    [at, "--tls verified requires --cert and --key; --tls self-signed can generate a certificate"],
    [[...at, "--cert", "x"], "--cert and --key must be given together"],
    [[...at, "--cert", "/none", "--key", "/none"], "the --cert file /none cannot be read: no such file"],
    [[...at, "--tls", "off", "--key", "x"], "--cert and --key cannot be combined with --tls off"],
    [
      [...at, "--tls", "off", "--allow-ports", "2-1"],
      `--allow-ports must be a list such as "80,8000-8999", got "2-1"`,
    ],
    [
      [...at, "--tls", "off", "--allow-targets", "x"],
      `--allow-targets must be a list such as "127.0.0.1:5432,*:443", got "x"`,
    ],
    [[...at, "--tls", "off", "--bind", "a b"], `--bind must be a host name or an IP address, got "a b"`],
    [[...at, "--tls", "off", "--drain", "-1"], `--drain needs a value; write --drain=VALUE if it begins with "-"`],
    [[...at, "--tls", "off", "--drain", "1.5"], `--drain must be an integer from 0 to 86400, got "1.5"`],
  ];
  for (const [args, sentence] of cases) assertRefused(readServerOptions, args, sentence);
});

test("tunnel programs take the token from the environment too", () => {
  process.env[TOKEN_VARIABLE] = "secret";
  try {
    assertEquals([clientOptions().token, serverOptions().tokens], ["secret", ["secret"]]);
    assertEquals(clientOptions("--token", "other").token, "other");
  } finally {
    delete process.env[TOKEN_VARIABLE];
  }
});

test("tunnel programs name every option in their help", () => {
  assertEquals([readClientOptions(["-h"]), readServerOptions(["--help"])], ["help", "help"]);
  const shared = ["--token", "--tls", "--drain", "--verbose", "--help"];
  for (const flag of [...shared, "--server", "--pin", "--ca", "--name", "--forward", "--local", "--min-links"]) {
    assertStringIncludes(CLIENT_HELP, flag);
  }
  for (const flag of [...shared, "--listen", "--cert", "--key", "--allow-ports", "--allow-targets", "--bind"]) {
    assertStringIncludes(SERVER_HELP, flag);
  }
});
