/** The known name that a mistyped one most likely stands for; undefined when none is close. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  return theOneThatBegins(name, known) ?? nearestByDistance(name, known);
}

/** The only known name that begins with the given one: "hostname" for "host". */
function theOneThatBegins(name: string, known: readonly string[]): string | undefined {
  const begun = known.filter((candidate) => candidate.toLowerCase().startsWith(name.toLowerCase()));
  return begun.length === 1 && name !== "" ? begun[0] : undefined;
}

function nearestByDistance(name: string, known: readonly string[]): string | undefined {
  const furthest = Math.max(2, Math.floor(name.length / 3));
  let nearest: string | undefined;
  let least = furthest + 1;
  for (const candidate of known) {
    // If the lengths differ by that much, the name cannot be nearer. Checked first because foreign names may be of any length.
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** How many letters must be inserted, deleted or replaced to turn one word into the other (Levenshtein). */
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
