import { assertEquals, assertStrictEquals } from "@std/assert";
import { Place } from "../../src/memory/place.ts";
import { test } from "../harness.ts";

test("Place.leave() returns what stood there, and lets go of it", () => {
  const item = {};
  const place = new Place(item);
  assertStrictEquals(place.item, item);
  assertStrictEquals(place.leave(), item);
  assertEquals<unknown>(place.item, undefined);
});
