import { describe, describeType } from "../describe.ts";
import { nearestName } from "./nearest_name.ts";

/** All option names of an interface: the compiler ensures that none is missing. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/** Which numbers an option accepts. */
export interface NumberRange {
  min: number;
  max?: number;
  /** Whether Infinity is accepted too, meaning "no limit". */
  orInfinity?: boolean;
  default: number;
}

/** Reads and checks the options of one call. Every error names the option and the value received. */
export class OptionReader {
  readonly #action: string;
  readonly #values: Readonly<Record<string, unknown>>;
  /** Prefix of the names in messages: "tls." for the members of `tls`. */
  readonly #prefix: string;

  /**
   * @param action What fails when an option is wrong: "create ClientPool".
   * @throws {TypeError} The options are not an object, or one of them has an unknown name.
   */
  constructor(action: string, options: unknown, names: Readonly<Record<string, true>>, prefix = "") {
    this.#action = action;
    this.#values = options as Record<string, unknown>;
    this.#prefix = prefix;
    if (typeof options !== "object" || options === null || Array.isArray(options)) {
      const name = prefix ? prefix.slice(0, -1) : "options";
      throw new TypeError(this.message(`${name} must be an object, got ${describeMisplaced(options)}`));
    }
    for (const name in options) if (!Object.hasOwn(names, name)) throw this.#unknown(name, Object.keys(names));
  }

  /** The value as it was given; undefined when it was not. */
  value(name: string): unknown {
    return this.#values[name];
  }

  /** A whole number. */
  integer(name: string, range: NumberRange): number {
    return this.#number(name, range, "an integer", Number.isSafeInteger);
  }

  /** A duration in milliseconds, fractions allowed. */
  durationMs(name: string, range: NumberRange): number {
    return this.#number(name, range, "a number of milliseconds", Number.isFinite);
  }

  /** A boolean; false when it was not given. */
  boolean(name: string): boolean {
    const value = this.value(name);
    if (value === undefined) return false;
    if (typeof value !== "boolean") throw this.wrong(name, "true or false");
    return value;
  }

  /** A string that matches the pattern; undefined when it was not given. */
  text(name: string, pattern: RegExp, must: string): string | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value !== "string" || !pattern.test(value)) throw this.wrong(name, must);
    return value;
  }

  /** A function or a class; undefined when it was not given. */
  callable<Callable>(name: string): Callable | undefined {
    const value = this.value(name);
    if (value !== undefined && typeof value !== "function") throw this.wrong(name, "a function");
    return value as Callable | undefined;
  }

  /** An AbortSignal; undefined when it was not given. */
  signal(name: string): AbortSignal | undefined {
    const value = this.value(name);
    if (value !== undefined && !(value instanceof AbortSignal)) throw this.wrong(name, "an AbortSignal");
    return value as AbortSignal | undefined;
  }

  /**
   * A list of strings; undefined when it was not given.
   *
   * @param must What the option must be; it should mention what the flags allow.
   */
  texts(
    name: string,
    must: string,
    { orOne = false, orNone = false }: { orOne?: boolean; orNone?: boolean } = {},
  ): readonly string[] | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (orOne && typeof value === "string") return [value];
    if (!Array.isArray(value)) throw this.wrongSecret(name, must);
    if (value.length === 0 && !orNone) throw this.unfit(name, must, "an empty list");
    for (const item of value) if (typeof item !== "string") throw this.wrongSecret(name, must, item);
    return value;
  }

  /** The members of an option that is itself an object. */
  nested(name: string, names: Readonly<Record<string, true>>): OptionReader {
    return new OptionReader(this.#action, this.value(name), names, `${name}.`);
  }

  /** Checks that a minimum is not above its maximum. */
  ascending(minName: string, min: number, maxName: string, max: number): void {
    if (min <= max) return;
    const origin = this.value(minName) === undefined ? " (its default)" : "";
    throw new RangeError(this.message(`${minName} must be at most ${maxName}, which is ${max}, got ${min}${origin}`));
  }

  /** The error for a value that is not what it must be. */
  wrong(name: string, must: string, value: unknown = this.value(name)): TypeError {
    return this.unfit(name, must, describe(value));
  }

  /** The same for a token, a key or a header: shows only the type. */
  wrongSecret(name: string, must: string, value: unknown = this.value(name)): TypeError {
    return this.unfit(name, must, describeType(value));
  }

  /** The same, for a caller that can describe the value received better. */
  unfit(name: string, must: string, got: string): TypeError {
    return new TypeError(this.message(`${this.#prefix}${name} must be ${must}, got ${got}`));
  }

  /** A full error message: what cannot be done, and the given text. */
  message(text: string): string {
    return `Cannot ${this.#action}: ${text}`;
  }

  #number(name: string, range: NumberRange, what: string, isNumber: (value: number) => boolean): number {
    const value = this.value(name);
    if (value === undefined) return range.default;
    if (typeof value !== "number") throw this.wrong(name, `${what} ${span(range)}`);
    if (value === Infinity && range.orInfinity) return value;
    const { min, max = Infinity } = range;
    if (isNumber(value) && value >= min && value <= max) return value;
    throw new RangeError(this.message(`${this.#prefix}${name} must be ${what} ${span(range)}, got ${value}`));
  }

  #unknown(name: string, names: readonly string[]): TypeError {
    const nearest = nearestName(name, names);
    const hint = nearest === undefined ? "" : ` (did you mean ${this.#prefix}${nearest}?)`;
    const got = describeMisplaced(this.value(name));
    return new TypeError(this.message(`unknown option ${describe(`${this.#prefix}${name}`)}${hint}, got ${got}`));
  }
}

/** Describes a value in a place where it does not belong: a text by its type only, since it may be a token, or a URL with one. */
function describeMisplaced(value: unknown): string {
  return typeof value === "string" ? describeType(value) : describe(value);
}

function span({ min, max, orInfinity }: NumberRange): string {
  return `${max === undefined ? `of at least ${min}` : `from ${min} to ${max}`}${orInfinity ? ", or Infinity" : ""}`;
}
