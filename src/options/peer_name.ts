import { PEER_NAME } from "../link/hello.ts";
import type { OptionReader } from "./option_reader.ts";

/** Reads the name of a client: its own (`name`) or the one that a server asks for (`peer`). */
export function readPeerName(reader: OptionReader, option: "name" | "peer"): string | undefined {
  return reader.text(option, PEER_NAME, "1 to 64 characters of A-Z a-z 0-9 . _ -");
}
