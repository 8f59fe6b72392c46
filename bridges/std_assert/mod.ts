// @ts-types="./mod.d.ts"
export * from "deno-std@1.3.1/assert/mod.js";
