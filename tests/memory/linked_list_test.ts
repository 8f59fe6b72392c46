import { assertEquals, assertStrictEquals } from "@std/assert";
import { type Linked, LinkedList } from "../../src/memory/linked_list.ts";
import { test } from "../harness.ts";

class Member implements Linked<Member> {
  previous: Member | undefined;
  next: Member | undefined;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

function members(names: string): Member[] {
  return [...names].map((name) => new Member(name));
}

/** The names of all members, read in both directions. */
function order(list: LinkedList<Member>): string {
  let [there, back] = ["", ""];
  for (let member = list.first; member; member = member.next) there += member.name;
  for (let member = list.last; member; member = member.previous) back = member.name + back;
  assertEquals(there, back);
  return there;
}

test("LinkedList.insert() adds before a member, or at the end", () => {
  const list = new LinkedList<Member>();
  const [a, b, c, d] = members("abcd") as [Member, Member, Member, Member];
  list.insert(b);
  list.insert(d);
  list.insert(a, b);
  list.insert(c, d);
  assertEquals(order(list), "abcd");
  assertEquals([list.first, list.last], [a, d]);
});

test("LinkedList.remove() takes out a member wherever it is, which lets go of its neighbours", () => {
  for (const [name, rest] of [["a", "bcd"], ["c", "abd"], ["d", "abc"]] as const) {
    const list = new LinkedList<Member>();
    const all = members("abcd");
    for (const member of all) list.insert(member);
    const member = all.find((each) => each.name === name)!;
    list.remove(member);
    assertEquals([order(list), member.previous, member.next], [rest, undefined, undefined]);
    list.insert(member);
    assertEquals(order(list), rest + name);
  }
});

test("LinkedList that has lost its only member is empty", () => {
  const list = new LinkedList<Member>();
  const [only] = members("a") as [Member];
  list.insert(only);
  list.remove(only);
  assertEquals([list.first, list.last], [undefined, undefined]);
});

test("LinkedList.findFirst() and findLast() find the nearest member from their end that is accepted", () => {
  const list = new LinkedList<Member>();
  const all = members("abcd");
  for (const member of all) list.insert(member);
  const isInner = ({ name }: Member) => name === "b" || name === "c";
  assertStrictEquals(list.findFirst(isInner), all[1]);
  assertStrictEquals(list.findLast(isInner), all[2]);
  assertEquals([list.findFirst(() => false), list.findLast(() => false)], [undefined, undefined]);
});
