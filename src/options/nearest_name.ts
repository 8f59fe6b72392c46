/** The known name that was probably meant by a mistyped one; undefined when none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  return theOneThatBegins(name, known) ?? nearestByDistance(name, known);
}

/** "hostname" for "host". */
function theOneThatBegins(name: string, known: readonly string[]): string | undefined {
  const begun = known.filter((candidate) => candidate.toLowerCase().startsWith(name.toLowerCase()));
  return begun.length === 1 && name !== "" ? begun[0] : undefined;
}

function nearestByDistance(name: string, known: readonly string[]): string | undefined {
  const furthest = Math.max(2, Math.floor(name.length / 3));
  let nearest: string | undefined;
  let least = furthest + 1;
  for (const candidate of known) {
    // A length further off cannot be nearer, and a name from outside may be of any length.
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** How many letters must be put in, left out or changed to make one word from the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const changed = row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      next[j] = Math.min(changed, row[j] + 1, next[j - 1] + 1);
    }
    row = next;
  }
  return row[to.length];
}
