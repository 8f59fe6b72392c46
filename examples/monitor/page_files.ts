import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A file of the page, as it is served. */
export interface PageFile {
  /** Empty for the page itself. */
  readonly name: string;
  readonly contentType: string;
  readonly content: string;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
};

/** The files of the folder `page`. */
export function readPageFiles(): PageFile[] {
  const folder = fileURLToPath(new URL("./page/", import.meta.url));
  return readdirSync(folder).map((file) => ({
    name: file === "index.html" ? "" : file,
    contentType: CONTENT_TYPES[file.split(".").pop()!],
    content: readFileSync(folder + file, "utf8"),
  }));
}
