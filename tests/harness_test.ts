import { assertEquals } from "@std/assert";
import { runtimeName, spawnRuntime, test } from "./harness.ts";

const echo = new URL("./peers/echo_arguments.ts", import.meta.url);

for (const runtime of ["deno", "bun"] as const) {
  test(`spawnRuntime() gives the lines and the exit code of a program on ${runtime}`, async () => {
    await using program = spawnRuntime(runtime, echo, ["one", "two words"]);
    const lines = await Array.fromAsync(program.lines);
    assertEquals(lines, [runtime, "one", "two words"]);
    assertEquals(await program.exited, 0);
  });

  test(`SpawnedRuntime.kill() ends a program on ${runtime}`, async () => {
    await using program = spawnRuntime(runtime, echo, ["--wait"]);
    assertEquals(await program.lines.next(), { done: false, value: runtime });
    program.kill();
    assertEquals(await program.exited, null);
  });
}

test("runtimeName tells Deno and Bun apart", () => {
  assertEquals(runtimeName === "deno", "Deno" in globalThis);
});
