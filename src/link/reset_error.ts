import { inParentheses } from "../describe.ts";
import { ConnectionResetError } from "../errors.ts";

/** The error for a direction that the peer has reset, or has asked this side to stop. */
export function resetError(id: string, what: "read" | "write to", code: number, reason: string): ConnectionResetError {
  const by = what === "read" ? "the peer reset the stream" : "the peer stopped reading";
  return new ConnectionResetError(
    `Cannot ${what} connection ${id}: ${by}, code ${code}${inParentheses(reason)}`,
    code,
    reason,
  );
}
