// deno-lint-ignore-file no-explicit-any -- the signatures are those of @std/testing/mock

export class MockError extends Error {
  constructor(message: string);
}

export interface SpyCall<Self = any, Args extends unknown[] = any[], Return = any> {
  args: Args;
  returned?: Return;
  error?: Error;
  self?: Self;
}

export interface Spy<Self = any, Args extends unknown[] = any[], Return = any> {
  (this: Self, ...args: Args): Return;
  original: (this: Self, ...args: Args) => Return;
  calls: SpyCall<Self, Args, Return>[];
  restored: boolean;
  restore(): void;
}

export interface MethodSpy<Self = any, Args extends unknown[] = any[], Return = any>
  extends Spy<Self, Args, Return>, Disposable {}

export interface Stub<Self = any, Args extends unknown[] = any[], Return = any> extends MethodSpy<Self, Args, Return> {
  fake: (this: Self, ...args: Args) => Return;
}

type MethodArgs<Self, Key extends keyof Self> = Self[Key] extends (...args: infer Args) => unknown ? Args : never;
type MethodReturn<Self, Key extends keyof Self> = Self[Key] extends (...args: any[]) => infer Return ? Return : never;

export function spy(): Spy;
export function spy<Self, Args extends unknown[], Return>(
  func: (this: Self, ...args: Args) => Return,
): Spy<Self, Args, Return>;
export function spy<Self, Key extends keyof Self>(
  self: Self,
  property: Key,
): MethodSpy<Self, MethodArgs<Self, Key>, MethodReturn<Self, Key>>;

export function stub<Self, Key extends keyof Self>(
  self: Self,
  property: Key,
  func?: (this: Self, ...args: MethodArgs<Self, Key>) => MethodReturn<Self, Key>,
): Stub<Self, MethodArgs<Self, Key>, MethodReturn<Self, Key>>;

export interface ExpectedSpyCall<Self = any, Args extends unknown[] = any[], Return = any> {
  args?: [...Args, ...unknown[]];
  self?: Self;
  returned?: Return;
  error?: {
    Class?: new (...args: any[]) => Error;
    msgIncludes?: string;
  };
}

export function assertSpyCalls<Self, Args extends unknown[], Return>(
  spy: Spy<Self, Args, Return>,
  expectedCalls: number,
): void;
export function assertSpyCall<Self, Args extends unknown[], Return>(
  spy: Spy<Self, Args, Return>,
  callIndex: number,
  expected?: ExpectedSpyCall<Self, Args, Return>,
): void;
export function assertSpyCallArg<Self, Args extends unknown[], Return, ExpectedArg>(
  spy: Spy<Self, Args, Return>,
  callIndex: number,
  argIndex: number,
  expected: ExpectedArg,
): ExpectedArg;
export function assertSpyCallArgs<Self, Args extends unknown[], Return, ExpectedArgs extends unknown[]>(
  spy: Spy<Self, Args, Return>,
  callIndex: number,
  expected: ExpectedArgs,
): ExpectedArgs;

export function restore(id?: number): void;
export function returnsNext<Return, Self = any, Args extends unknown[] = any[]>(
  values: Iterable<Return | Error>,
): (this: Self, ...args: Args) => Return;
export function resolvesNext<Return, Self = any, Args extends unknown[] = any[]>(
  iterable:
    | Iterable<Return | Error | Promise<Return | Error>>
    | AsyncIterable<Return | Error | Promise<Return | Error>>,
): (this: Self, ...args: Args) => Promise<Return>;
