// @ts-types="./mock.d.ts"
export * from "deno-std/testing/mock.js";
