/** A member of a list, with its neighbours; only the list writes them. */
export interface Linked<Member> {
  previous: Member | undefined;
  next: Member | undefined;
}

/**
 * A doubly linked list whose members hold their neighbours themselves: adding and removing one takes constant time and no
 * memory. Unlike a Set, which is in insertion order, it gives direct access to its last member, and takes new ones anywhere.
 */
export class LinkedList<Member extends Linked<Member>> {
  #first: Member | undefined;
  #last: Member | undefined;

  get first(): Member | undefined {
    return this.#first;
  }

  get last(): Member | undefined {
    return this.#last;
  }

  /** The first member that the predicate accepts. */
  findFirst(accepts: (member: Member) => boolean): Member | undefined {
    let member = this.#first;
    while (member && !accepts(member)) member = member.next;
    return member;
  }

  /** The last member that the predicate accepts. */
  findLast(accepts: (member: Member) => boolean): Member | undefined {
    let member = this.#last;
    while (member && !accepts(member)) member = member.previous;
    return member;
  }

  /** Adds one that is in no list: before another member, or at the end. */
  insert(member: Member, before?: Member): void {
    this.#join(before ? before.previous : this.#last, member);
    this.#join(member, before);
  }

  /** Takes out a member. It lets go of its neighbours: once in V8's old generation, it would keep all later ones alive. */
  remove(member: Member): void {
    this.#join(member.previous, member.next);
    member.previous = member.next = undefined;
  }

  #join(left: Member | undefined, right: Member | undefined): void {
    if (left) left.next = right;
    else this.#first = right;
    if (right) right.previous = left;
    else this.#last = left;
  }
}
