// @ts-types="./mock.d.ts"
export * from "deno-std@1.3.1/testing/mock.js";
