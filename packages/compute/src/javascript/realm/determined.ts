import type { RealmHost } from './host.ts';

/** Where randomness is seeded and the clock stands, in all places where the language shows them. */
export function makeDetermined(fixedTime: number): void {
  const RealDate = Date;
  function FixedDate(this: unknown, ...args: unknown[]): unknown {
    if (new.target === undefined) return new RealDate(fixedTime).toString();
    return Reflect.construct(RealDate, args.length === 0 ? [fixedTime] : args, new.target);
  }
  FixedDate.prototype = RealDate.prototype;
  for (const name of ['UTC', 'parse'] as const) define(FixedDate, name, RealDate[name]);
  define(FixedDate, 'now', () => fixedTime);
  define(FixedDate, 'length', 7);
  define(FixedDate, 'name', 'Date');
  define(RealDate.prototype, 'constructor', FixedDate);
  define(globalThis, 'Date', FixedDate);

  const { prototype } = Intl.DateTimeFormat;
  const format = Reflect.getOwnPropertyDescriptor(prototype, 'format')?.get;
  const { formatToParts } = prototype;
  Reflect.defineProperty(prototype, 'format', {
    configurable: true,
    get(this: Intl.DateTimeFormat) {
      const bound: (date?: Date | number) => string = Reflect.apply(format ?? (() => String), this, []);
      return (date: Date | number = fixedTime) => bound(date);
    },
  });
  define(prototype, 'formatToParts', function (this: Intl.DateTimeFormat, date: Date | number = fixedTime) {
    return Reflect.apply(formatToParts, this, [date]);
  });
  // When memory is collected is nobody's to say.
  for (const name of ['WeakRef', 'FinalizationRegistry']) Reflect.deleteProperty(globalThis, name);
}

/** `Math.random` from the host's bytes: 53 bits, as the language has it. */
export function seedMath({ random }: RealmHost): void {
  const words = new Uint32Array(2);
  define(Math, 'random', () => {
    random(new Uint8Array(words.buffer));
    return ((words[0] ?? 0) * 2 ** 21 + ((words[1] ?? 0) >>> 11)) / 2 ** 53;
  });
}

function define(target: object, name: string, value: unknown): void {
  Reflect.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}
