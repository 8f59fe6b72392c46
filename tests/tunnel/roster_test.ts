import { assertEquals } from "@std/assert";
import { Roster } from "../../examples/tunnel/roster.ts";
import { test } from "../harness.ts";

test("Roster gives the place of an item that has left to the next one", () => {
  const roster = new Roster<{ name: string }>();
  const places = ["a", "b", "c"].map((name) => roster.enter({ name }));
  assertEquals(places, [0, 1, 2]);
  roster.leave(places[1]!);
  assertEquals(Array.from(roster, ({ name }) => name), ["a", "c"]);
  assertEquals([roster.enter({ name: "d" }), roster.enter({ name: "e" })], [1, 3]);
  assertEquals(Array.from(roster, ({ name }) => name), ["a", "d", "c", "e"]);
});
