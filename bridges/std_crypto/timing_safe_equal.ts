// @ts-types="./timing_safe_equal.d.ts"
export * from "deno-std@1.3.1/crypto/timing_safe_equal.js";
