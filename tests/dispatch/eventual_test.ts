import { assertEquals, assertStrictEquals } from "@std/assert";
import { Eventual } from "../../src/dispatch/eventual.ts";
import { test } from "../harness.ts";

/** How a promise settles. */
function settled(promise: Promise<unknown>): Promise<string> {
  return promise.then((value) => `resolved with ${value}`, (reason) => `rejected with ${reason}`);
}

for (const isEarly of [true, false]) {
  test(`Eventual has one promise, asked for ${isEarly ? "before" : "after"} it is settled`, async () => {
    const [kept, broken] = [new Eventual<string>(), new Eventual<string>()];
    const ask = () => [kept, broken].map(({ promise }) => promise);
    const early = isEarly ? ask() : [];
    assertEquals([kept.isSettled, broken.isSettled], [false, false]);
    kept.settle({ status: "fulfilled", value: "a link" });
    broken.settle({ status: "rejected", reason: "too late" });
    assertEquals([kept.isSettled, broken.isSettled], [true, true]);
    const promises = ask();
    for (const [index, promise] of early.entries()) assertStrictEquals(promise, promises[index]);
    assertEquals(await Promise.all(promises.map(settled)), ["resolved with a link", "rejected with too late"]);
  });

  test(`Eventual tells of a rejection whoever asks ${isEarly ? "before" : "after"} it, and needs no promise`, async () => {
    const [kept, broken] = [new Eventual<string>(), new Eventual<string>()];
    const told: unknown[] = [];
    const ask = () => [kept, broken].forEach((eventual) => eventual.whenRejected((reason) => told.push(reason)));
    if (isEarly) ask();
    kept.settle({ status: "fulfilled", value: "a link" });
    broken.settle({ status: "rejected", reason: "too late" });
    if (!isEarly) ask();
    assertEquals(told, ["too late"]);
    await new Promise((resolve) => setTimeout(resolve)); // a rejected promise that nobody handles would end the tests
  });
}
