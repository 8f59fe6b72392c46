import type { Link } from "../link/link.ts";
import { type Linked, LinkedList } from "../memory/linked_list.ts";

/**
 * The idle links of a pool, by id and in the order of their latest proof of life. The store neither opens nor closes links, and
 * does not know the time. Taking, adding and refreshing a link takes constant time, or more only if links share an id.
 * Thousands of links may be idle, so each takes one entry and little more.
 */
export class LinkStore {
  readonly #all = new LinkedList<Entry>();
  readonly #byPeer = new Map<string, LinkedList<InPeer>>();
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
    this.#all.insert(entry);
    this.#byId.set(link.id, entry);
    if (link.peer !== undefined) {
      entry.inPeer = { link, previous: undefined, next: undefined };
      this.#peerList(link.peer).insert(entry.inPeer);
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
    moveToEnd(this.#all, entry);
    if (entry.inPeer) moveToEnd(this.#byPeer.get(link.peer!)!, entry.inPeer);
  }

  /**
   * The link with the most recent proof of life, only among those of the peer if one is named. With a predicate, the most
   * recent one that it accepts: the search takes time in proportion to those that it rejects.
   */
  freshest(peer?: string, accepts?: (link: Link) => boolean): Link | undefined {
    if (peer === undefined) return lastLink(this.#all, accepts);
    const list = this.#byPeer.get(peer);
    return list && lastLink(list, accepts);
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

  #peerList(peer: string): LinkedList<InPeer> {
    let list = this.#byPeer.get(peer);
    if (!list) this.#byPeer.set(peer, list = new LinkedList());
    return list;
  }

  #removeFromPeer(peer: string, node: InPeer): void {
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

/** A link's place in the list of its peer. */
interface InPeer extends Linked<InPeer> {
  readonly link: Link;
}

/** A link's place in the list of all links, and what else is known about it. */
interface Entry extends Linked<Entry> {
  readonly link: Link;
  /** The next older link with this id. */
  sameId: Entry | undefined;
  /** Its place in the list of its peer. */
  inPeer: InPeer | undefined;
}

/** The last link of a list, or the last one that the predicate accepts. */
function lastLink<Member extends Linked<Member> & { readonly link: Link }>(
  list: LinkedList<Member>,
  accepts: ((link: Link) => boolean) | undefined,
): Link | undefined {
  return (accepts ? list.findLast(({ link }) => accepts(link)) : list.last)?.link;
}

function moveToEnd<Member extends Linked<Member>>(list: LinkedList<Member>, member: Member): void {
  list.remove(member);
  list.insert(member);
}
