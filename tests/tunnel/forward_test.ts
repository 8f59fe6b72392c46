import { assertEquals } from "@std/assert";
import { formatListen, parseForward } from "../../examples/tunnel/forward.ts";
import { formatHostPort, parseHostPort, parseListenAddress } from "../../examples/tunnel/host_port.ts";
import { PortSet } from "../../examples/tunnel/port_set.ts";
import { TargetList } from "../../examples/tunnel/target_list.ts";
import { test } from "../harness.ts";

test("parseForward() reads every form of a rule", () => {
  const rules = {
    "8080=127.0.0.1:3000": [undefined, 8080, "127.0.0.1", 3000],
    "0=localhost:1": [undefined, 0, "localhost", 1],
    "127.0.0.1:8080=db.internal:5432": ["127.0.0.1", 8080, "db.internal", 5432],
    "[::1]:8080=[fe80::1]:65535": ["::1", 8080, "fe80::1", 65535],
  };
  for (const [text, [hostname, port, targetHost, targetPort]] of Object.entries(rules)) {
    assertEquals(parseForward(text), {
      listen: { hostname, port },
      target: { hostname: targetHost, port: targetPort },
    } as ReturnType<typeof parseForward>);
  }
});

test("parseForward() refuses everything else", () => {
  const wrong = ["", "8080", "8080=", "=a:1", "8080=a", "8080=a:0", "65536=a:1", "-1=a:1", "1=a:1=b:2", "::1:80=a:1"];
  for (const text of [...wrong, "8080=:3000", "8080=a:70000", "8 0=a:1", "8080=a b:1"]) {
    assertEquals(parseForward(text), undefined, text);
  }
});

test("parseListenAddress() takes a port alone, and a host with it", () => {
  assertEquals(parseListenAddress("8443", "0.0.0.0"), { hostname: "0.0.0.0", port: 8443 });
  assertEquals(parseListenAddress("[::]:0", "0.0.0.0"), { hostname: "::", port: 0 });
  assertEquals(parseListenAddress("host", "0.0.0.0"), undefined);
});

test("formatHostPort() writes what parseHostPort() reads", () => {
  for (const text of ["a:1", "127.0.0.1:80", "[::1]:443"]) {
    assertEquals(formatHostPort(parseHostPort(text, 1)!), text);
  }
  assertEquals(formatListen({ hostname: undefined, port: 80 }), "port 80");
  assertEquals(formatListen({ hostname: "::1", port: 80 }), "[::1]:80");
});

test("PortSet holds its ports and the ends of its ranges, and no others", () => {
  const ports = PortSet.parse("0,80, 8000-8002")!;
  assertEquals([0, 1, 79, 80, 81, 7999, 8000, 8001, 8002, 8003].filter((port) => ports.has(port)), [
    0,
    80,
    8000,
    8001,
    8002,
  ]);
  for (const wrong of ["", "a", "80,", "2-1", "1-2-3", "65536", "-1", "1-"]) {
    assertEquals(PortSet.parse(wrong), undefined, wrong);
  }
});

test("TargetList holds hosts as they are written, with their ports", () => {
  const targets = TargetList.parse("127.0.0.1:5432, DB.internal:8000-8001,*:443,[::1]:*")!;
  const held = ["127.0.0.1:5432", "db.INTERNAL:8000", "db.internal:8001", "anything:443", "[::1]:9"];
  const others = ["127.0.0.1:5433", "127.0.0.2:5432", "db.internal:8002", "sub.db.internal:8000", "anything:444"];
  for (const text of held) assertEquals(targets.has(parseHostPort(text, 1)!), true, text);
  for (const text of others) assertEquals(targets.has(parseHostPort(text, 1)!), false, text);
  for (const wrong of ["", "a", "a:", "a:b", "a:1,", "a:2-1", "::1:80"]) {
    assertEquals(TargetList.parse(wrong), undefined, wrong);
  }
});
