import type { Driver, RawSession } from './raw.ts';

/** Stands in for a method of the driver's object `raw`. Gets the arguments with wrapped objects already unwrapped. */
export type Override = (raw: object, args: unknown[]) => unknown;
/** The overrides of one class of the driver, and what to do with its other methods. */
export interface Wrapping {
  readonly overrides: Readonly<Record<PropertyKey, Override>>;
  /** The override of a method that is neither listed nor known to only read. */
  readonly unlisted?: (name: string, method: (...args: unknown[]) => unknown) => Override | undefined;
  /** Called once for each object before it is first handed to user code. */
  readonly first?: (raw: object) => void;
}

/** Chooses the wrapping of an object of the driver; undefined for an object that passes as it is. */
export type Chooser = (raw: object) => Wrapping | undefined;

type Method = (...args: unknown[]) => unknown;

/** Properties that hold the driver's internals: what they refer to is wrapped as well. */
const internals = new Set<PropertyKey>(['s', 'topology']);

/**
 * Proxies around the driver's objects that pass `instanceof`, hand out only wrapped objects, and run the driver's own
 * code with the driver's own objects. It keeps user code from going around the gate by accident; it is no jail.
 */
export class Membrane {
  readonly #choose: Chooser;
  readonly #proxies = new WeakMap<object, object>();
  readonly #raws = new WeakMap<object, object>();
  readonly #sessionClass: Driver['classes']['ClientSession'];

  constructor(driver: Driver, choose: Chooser) {
    this.#choose = choose;
    this.#sessionClass = driver.classes.ClientSession;
  }

  /** What user code gets for a value that comes out of the driver. */
  out<T>(value: T): T {
    if (typeof value !== 'object' || value === null) return value;
    const known = this.#proxies.get(value);
    if (known !== undefined) return known as T;
    if (this.#raws.has(value)) return value;
    const wrapping = this.#choose(value);
    if (wrapping === undefined) return value;
    wrapping.first?.(value);
    return this.#wrap(value, wrapping) as T;
  }

  /** What the driver gets for a value that comes from user code: its own objects, also inside options. */
  in(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const raw = this.#raws.get(value);
    if (raw !== undefined) return raw;
    const session = (value as { session?: unknown }).session;
    if (!(session instanceof this.#sessionClass)) return value;
    return { ...value, session: this.#raws.get(session) ?? session };
  }

  /** The driver's session behind the one in these options. */
  sessionOf(options: unknown): RawSession | undefined {
    const session = (options as { session?: unknown } | null | undefined)?.session;
    if (!(session instanceof this.#sessionClass)) return undefined;
    return (this.#raws.get(session) ?? session) as RawSession;
  }

  #wrap(raw: object, wrapping: Wrapping): object {
    const methods = new Map<PropertyKey, { readonly from: unknown; readonly method: Method }>();
    const proxy: object = new Proxy(raw, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return this.#property(target, key, value);
        if (key === 'constructor') return value;
        const cached = methods.get(key);
        if (cached?.from === value) return cached.method;
        const method = this.#method(target, key, value as Method, wrapping);
        methods.set(key, { from: value, method });
        return method;
      },
      set: (target, key, value) => Reflect.set(target, key, value, target),
    });
    this.#proxies.set(raw, proxy);
    this.#raws.set(proxy, raw);
    return proxy;
  }

  #property(target: object, key: PropertyKey, value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const out = internals.has(key) ? this.#internals(value) : this.out(value);
    if (out === value) return value;
    // A proxy has to give the value itself of a property that can never change.
    const own = Reflect.getOwnPropertyDescriptor(target, key);
    return own !== undefined && own.configurable === false && own.writable === false ? value : out;
  }

  #internals(value: object): object {
    return this.#proxies.get(value) ?? this.#wrap(value, { overrides: {} });
  }

  #method(target: object, key: PropertyKey, method: Method, wrapping: Wrapping): Method {
    const override = Object.hasOwn(wrapping.overrides, key)
      ? wrapping.overrides[key]
      : typeof key === 'string' && !(key in Object.prototype)
        ? wrapping.unlisted?.(key, method)
        : undefined;
    const call: Override = override ?? ((raw, args) => method.apply(raw, args));
    return (...args) =>
      this.#result(
        call(
          target,
          args.map((arg) => this.in(arg)),
        ),
      );
  }

  #result(result: unknown): unknown {
    return result instanceof Promise ? result.then((value) => this.out(value)) : this.out(result);
  }
}
