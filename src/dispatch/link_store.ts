import type { Link } from "../link/link.ts";

/**
 * The idle links of a pool, by id and in the order of their latest proof of life. The store neither opens nor closes links, and
 * does not know the time. Taking, adding and refreshing a link takes constant time, or more only if links share an id. Thousands of links may be
 * idle, so each takes one entry and little more.
 */
export class LinkStore {
  readonly #all = new LinkList<Entry>();
  readonly #byPeer = new Map<string, LinkList<Node>>();
  /** The newest link of each id. On a client ids repeat: a restarted server starts over, and servers do not know each other. */
  readonly #byId = new Map<string, Entry>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a link that has just proved that it is alive. */
  add(link: Link): void {
    const sameId = this.#byId.get(link.id);
    const entry: Entry = { link, previous: undefined, next: undefined, sameId, inPeer: undefined };
    this.#all.push(entry);
    this.#byId.set(link.id, entry);
    if (link.peer !== undefined) {
      entry.inPeer = { link, previous: undefined, next: undefined };
      this.#peerList(link.peer).push(entry.inPeer);
    }
    this.#size++;
  }

  /** Removes a link. False if it is not in the store. */
  remove(link: Link): boolean {
    const entry = this.#entryOf(link);
    if (!entry) return false;
    this.#all.remove(entry);
    if (entry.inPeer) this.#removeFromPeer(link.peer!, entry.inPeer);
    this.#removeFromIds(entry);
    this.#size--;
    return true;
  }

  /** Moves a link behind all others, because it has just proved that it is alive. */
  refresh(link: Link): void {
    const entry = this.#entryOf(link);
    if (!entry) return;
    this.#all.moveToEnd(entry);
    if (entry.inPeer) this.#byPeer.get(link.peer!)!.moveToEnd(entry.inPeer);
  }

  /**
   * The link with the most recent proof of life, only among those of the peer if one is named. With a predicate, the most
   * recent one that it accepts: the search takes time in proportion to those that it rejects.
   */
  freshest(peer?: string, accepts?: (link: Link) => boolean): Link | undefined {
    return (peer === undefined ? this.#all : this.#byPeer.get(peer))?.findLast(accepts);
  }

  /** The link with the oldest proof of life. */
  stalest(): Link | undefined {
    return this.#all.first?.link;
  }

  byId(id: string): Link | undefined {
    return this.#byId.get(id)?.link;
  }

  /** A snapshot of all links, stalest first. */
  links(): Link[] {
    const links: Link[] = [];
    for (let entry = this.#all.first; entry; entry = entry.next) links.push(entry.link);
    return links;
  }

  #entryOf(link: Link): Entry | undefined {
    let entry = this.#byId.get(link.id);
    while (entry && entry.link !== link) entry = entry.sameId;
    return entry;
  }

  #peerList(peer: string): LinkList<Node> {
    let list = this.#byPeer.get(peer);
    if (!list) this.#byPeer.set(peer, list = new LinkList());
    return list;
  }

  #removeFromPeer(peer: string, node: Node): void {
    const list = this.#byPeer.get(peer)!;
    list.remove(node);
    if (!list.first) this.#byPeer.delete(peer);
  }

  #removeFromIds(entry: Entry): void {
    let newer = this.#byId.get(entry.link.id)!;
    if (newer === entry) {
      if (entry.sameId) this.#byId.set(entry.link.id, entry.sameId);
      else this.#byId.delete(entry.link.id);
      return;
    }
    while (newer.sameId !== entry) newer = newer.sameId!;
    newer.sameId = entry.sameId;
  }
}

/** A link's place in a list. */
interface Node {
  readonly link: Link;
  previous: this | undefined;
  next: this | undefined;
}

/** A link's place in the list of all links, and what else is known about it. */
interface Entry extends Node {
  /** The next older link with this id. */
  sameId: Entry | undefined;
  /** Its place in the list of its peer. */
  inPeer: Node | undefined;
}

/** A doubly linked list: unlike a Map in insertion order, it gives direct access to its last member. */
class LinkList<Member extends Node> {
  first: Member | undefined;
  #last: Member | undefined;

  findLast(accepts?: (link: Link) => boolean): Link | undefined {
    let node = this.#last;
    while (node && accepts && !accepts(node.link)) node = node.previous;
    return node?.link;
  }

  push(node: Member): void {
    node.previous = this.#last;
    if (this.#last) this.#last.next = node;
    else this.first = node;
    this.#last = node;
  }

  remove(node: Member): void {
    if (node.previous) node.previous.next = node.next;
    else this.first = node.next;
    if (node.next) node.next.previous = node.previous;
    else this.#last = node.previous;
    node.previous = node.next = undefined; // otherwise a node in V8's old generation would keep all of its successors alive
  }

  moveToEnd(node: Member): void {
    this.remove(node);
    this.push(node);
  }
}
