import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import { LinkStore } from "../../src/dispatch/link_store.ts";
import type { Link } from "../../src/link/link.ts";
import { test } from "../harness.ts";

/** A store with these links, added in this order. A store looks at nothing but a link's id and peer. */
function filled(...names: [id: string, peer?: string][]) {
  const store = new LinkStore();
  const links = names.map(([id, peer]) => ({ id, peer }) as Link);
  for (const link of links) store.add(link);
  return { store, links };
}

/** Removes one link after the other. */
function drain(store: LinkStore, next: () => Link | undefined): string[] {
  const ids: string[] = [];
  for (let link = next(); link; link = next()) {
    ids.push(link.id);
    assert(store.remove(link));
  }
  return ids;
}

test("LinkStore.freshest() is the link added or refreshed last, stalest() the one of longest ago", () => {
  const { store, links } = filled(["a"], ["b"], ["c"], ["d"]);
  store.refresh(links[1]);
  assertStrictEquals(store.freshest(), links[1]);
  assertStrictEquals(store.stalest(), links[0]);
  store.refresh(links[0]);
  assertEquals(drain(store, () => store.stalest()), ["c", "d", "b", "a"]);
  assertEquals([store.size, store.freshest(), store.stalest()], [0, undefined, undefined]);
});

test("LinkStore.freshest() takes links from the newest back", () => {
  const { store } = filled(["a"], ["b"], ["c"]);
  assertEquals(drain(store, () => store.freshest()), ["c", "b", "a"]);
});

test("LinkStore.freshest(peer) is one of the peer's links, in their own order", () => {
  const { store, links } = filled(["a", "x"], ["b", "y"], ["c", "x"], ["d"]);
  assertStrictEquals(store.freshest("x"), links[2]);
  assertStrictEquals(store.freshest("y"), links[1]);
  assertEquals(store.freshest("z"), undefined);
  store.refresh(links[0]);
  assertStrictEquals(store.freshest("x"), links[0]);
  assertEquals(drain(store, () => store.freshest("x")), ["a", "c"]);
  assertEquals(drain(store, () => store.freshest()), ["d", "b"]);
  store.add(links[0]);
  assertStrictEquals(store.freshest("x"), links[0]);
});

test("LinkStore.freshest(peer, predicate) passes over links that the predicate does not take", () => {
  const { store, links } = filled(["a", "x"], ["b", "x"], ["c"], ["d"]);
  assertStrictEquals(store.freshest(undefined, ({ id }) => id < "c"), links[1]);
  assertStrictEquals(store.freshest("x", ({ id }) => id !== "b"), links[0]);
  assertEquals(store.freshest("x", () => false), undefined);
});

test("LinkStore.byId() finds a link wherever it stands, and none that was removed", () => {
  const { store, links } = filled(["a"], ["b"], ["c"]);
  for (const link of links) assertStrictEquals(store.byId(link.id), link);
  assert(store.remove(links[1]));
  assertEquals(store.byId("b"), undefined);
  assertFalse(store.remove(links[1]));
  assertEquals([store.size, store.byId("a"), store.byId("c")], [2, links[0], links[2]]);
});

test("LinkStore.byId() finds the newest of links with the same id, whichever of them are removed", () => {
  for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
    const { store, links } = filled(["a"], ["a"], ["b"], ["a"]);
    const same = [links[0], links[1], links[3]];
    const left = [...same];
    for (const index of order) {
      assertStrictEquals(store.byId("a"), left.at(-1), `removed in the order ${order}`);
      store.remove(same[index]);
      left.splice(left.indexOf(same[index]), 1);
    }
    assertEquals([store.byId("a"), store.byId("b")], [undefined, links[2]]);
  }
});

test("LinkStore.refresh() and remove() tell links with the same id apart", () => {
  const { store, links } = filled(["a", "x"], ["a", "x"], ["a", "x"]);
  store.refresh(links[0]);
  assertEquals([store.freshest("x"), store.freshest(), store.stalest()], [links[0], links[0], links[1]]);
  assert(store.remove(links[1]));
  assertFalse(store.remove(links[1]));
  store.refresh(links[1]);
  assertEquals(store.links(), [links[2], links[0]]);
});

test("LinkStore.refresh() leaves a link alone that is not here", () => {
  const { store, links } = filled(["a", "x"], ["b", "x"]);
  store.remove(links[0]);
  store.refresh(links[0]);
  assertEquals(drain(store, () => store.freshest("x")), ["b"]);
});

test("LinkStore.links() are all of them as they are, the stalest first", () => {
  const { store, links } = filled(["a"], ["b"], ["c"], ["d"]);
  store.refresh(links[1]);
  const all = store.links();
  for (const link of links) store.remove(link);
  assertEquals([all, store.links(), store.size], [[links[0], links[2], links[3], links[1]], [], 0]);
});
