import type { Half, Outcome } from "./transfer.ts";

/**
 * The errors that may break a direction: the link was lost, a side gave up, or the call behind early data failed. Any other
 * error means that a pool broke a rule.
 */
const expected = /^(ConnectionLostError|ConnectionResetError|PoolClosedError|PoolTimeoutError|AbortError): /;

/** The violations found in streams, as both ends saw them. An end whose process was killed cannot report anything. */
export function problemsOf(outcomes: readonly Outcome[]): string[] {
  const problems = outcomes.flatMap(ownProblems);
  for (const [name, ends] of Map.groupBy(outcomes, ({ plan }) => plan.name)) {
    const [openers, acceptors] = ["opener", "acceptor"].map((side) => ends.filter((end) => end.side === side));
    if (openers.length > 1) problems.push(`stream ${name} has ${openers.length} openers`);
    // An open whose link was given up may still have reached the other side, which is notified by a reset.
    const live = acceptors.filter(({ received }) => received.bytes > 0);
    if (live.length > 1) problems.push(`stream ${name} has ${live.length} acceptors that received something`);
    for (const opener of openers) for (const acceptor of live) problems.push(...mutualProblems(opener, acceptor));
  }
  return problems;
}

function ownProblems({ plan: { name }, side, sent, received, wrong }: Outcome): string[] {
  const odd = [sent, received].filter(({ end, error }) => end === "broken" && !expected.test(error!));
  return [...(wrong ? [wrong] : []), ...odd.map(({ error }) => `stream ${name} broke at its ${side}: ${error}`)];
}

function mutualProblems(opener: Outcome, acceptor: Outcome): string[] {
  return [
    ...directionProblems(opener.plan.name, opener.sent, acceptor.received),
    ...directionProblems(opener.plan.name, acceptor.sent, opener.received),
  ];
}

function directionProblems(name: string, { bytes: sent, end }: Half, { bytes: received, end: seen }: Half): string[] {
  if (seen === "clean" && end === "given up") return [`stream ${name} looks complete, and was given up`];
  if (seen === "clean" && received !== sent) return [`${received} of ${sent} bytes of stream ${name} look complete`];
  return [];
}
