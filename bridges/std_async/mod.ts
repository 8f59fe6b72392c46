// @ts-types="./mod.d.ts"
export * from "deno-std/async/mod.js";
