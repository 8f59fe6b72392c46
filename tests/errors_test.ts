import { assertEquals, assertInstanceOf } from "@std/assert";
import { ConnectionLostError, PoolClosedError, PoolError } from "../src/errors.ts";
import { test } from "./harness.ts";

test("PoolError sets the name of the class that was made", () => {
  assertEquals(new PoolError("Cannot dial").name, "PoolError");
  assertEquals(new PoolClosedError("Cannot get").name, "PoolClosedError");
});

test("ConnectionLostError keeps code, reason and cause and is a PoolError", () => {
  const cause = new Error("reset by peer");
  const error = new ConnectionLostError("Cannot read from link a1b2c3d4: lost", 1006, "", { cause });
  assertInstanceOf(error, PoolError);
  assertEquals([error.code, error.reason, error.cause], [1006, "", cause]);
});
