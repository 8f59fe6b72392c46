import type { Link } from "./link/link.ts";

/**
 * The idle links of a pool: by id, and in the order of their latest proof of life. It opens and closes nothing and knows no
 * time; every operation takes constant time.
 */
export class LinkStore {
  readonly #all = new LinkList();
  readonly #byPeer = new Map<string, LinkList>();
  readonly #entries = new Map<Link, Entry>();
  /** The newest link of each id. Ids repeat at a client: a restarted server begins again, and two servers know nothing of each other. */
  readonly #byId = new Map<string, Entry>();

  get size(): number {
    return this.#entries.size;
  }

  /** Adds a link that has just proved that it lives. */
  add(link: Link): void {
    const entry: Entry = { link, sameId: this.#byId.get(link.id), inAll: this.#all.push(link), inPeer: undefined };
    if (link.peer !== undefined) entry.inPeer = this.#peerList(link.peer).push(link);
    this.#entries.set(link, entry);
    this.#byId.set(link.id, entry);
  }

  /** Takes a link out. False when it is not here. */
  remove(link: Link): boolean {
    const entry = this.#entries.get(link);
    if (!entry) return false;
    this.#entries.delete(link);
    this.#all.remove(entry.inAll);
    if (entry.inPeer) this.#removeFromPeer(link.peer!, entry.inPeer);
    this.#removeFromIds(entry);
    return true;
  }

  /** Moves a link behind all others, because it has proved that it lives. */
  refresh(link: Link): void {
    const entry = this.#entries.get(link);
    if (!entry) return;
    this.#all.moveToEnd(entry.inAll);
    if (entry.inPeer) this.#byPeer.get(link.peer!)!.moveToEnd(entry.inPeer);
  }

  /**
   * The link, of this peer when one is named, whose proof of life is the most recent; with a predicate, of those that it takes,
   * in time that grows with those that it does not take.
   */
  freshest(peer?: string, accepts?: (link: Link) => boolean): Link | undefined {
    return (peer === undefined ? this.#all : this.#byPeer.get(peer))?.findLast(accepts);
  }

  /** The link whose proof of life is the oldest. */
  stalest(): Link | undefined {
    return this.#all.first;
  }

  byId(id: string): Link | undefined {
    return this.#byId.get(id)?.link;
  }

  has(link: Link): boolean {
    return this.#entries.has(link);
  }

  /** All links; it may change while they are walked through. */
  links(): Iterable<Link> {
    return this.#entries.keys();
  }

  #peerList(peer: string): LinkList {
    let list = this.#byPeer.get(peer);
    if (!list) this.#byPeer.set(peer, list = new LinkList());
    return list;
  }

  #removeFromPeer(peer: string, node: Node): void {
    const list = this.#byPeer.get(peer)!;
    list.remove(node);
    if (list.isEmpty) this.#byPeer.delete(peer);
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

interface Entry {
  readonly link: Link;
  /** The next older link with this id. */
  sameId: Entry | undefined;
  readonly inAll: Node;
  inPeer: Node | undefined;
}

interface Node {
  readonly link: Link;
  previous: Node | undefined;
  next: Node | undefined;
}

/** A doubly linked list: what a Map's insertion order cannot do is to tell its last member at once. */
class LinkList {
  #first: Node | undefined;
  #last: Node | undefined;

  get first(): Link | undefined {
    return this.#first?.link;
  }

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  findLast(accepts?: (link: Link) => boolean): Link | undefined {
    let node = this.#last;
    while (node && accepts && !accepts(node.link)) node = node.previous;
    return node?.link;
  }

  push(link: Link): Node {
    const node: Node = { link, previous: undefined, next: undefined };
    this.#append(node);
    return node;
  }

  remove(node: Node): void {
    if (node.previous) node.previous.next = node.next;
    else this.#first = node.next;
    if (node.next) node.next.previous = node.previous;
    else this.#last = node.previous;
  }

  moveToEnd(node: Node): void {
    this.remove(node);
    this.#append(node);
  }

  #append(node: Node): void {
    node.previous = this.#last;
    node.next = undefined;
    if (this.#last) this.#last.next = node;
    else this.#first = node;
    this.#last = node;
  }
}
