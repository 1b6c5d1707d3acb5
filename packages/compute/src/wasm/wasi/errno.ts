/** The error numbers of WASI preview 1 that this implementation answers with. */
export const errno = {
  success: 0,
  badf: 8,
  busy: 10,
  exist: 20,
  fault: 21,
  ilseq: 25,
  inval: 28,
  io: 29,
  isdir: 31,
  loop: 32,
  mfile: 33,
  nametoolong: 37,
  noent: 44,
  nospc: 51,
  nosys: 52,
  notdir: 54,
  notempty: 55,
  notsock: 57,
  perm: 63,
  rofs: 69,
  spipe: 70,
  xdev: 75,
  notcapable: 76,
} as const;

/** Thrown inside a WASI call and answered to the guest as its error number. */
export class WasiFailure extends Error {
  readonly errno: number;

  constructor(number: number) {
    super(`WASI error ${number}`);
    this.errno = number;
  }
}

/** One for each number, made once: a guest may provoke millions, and a fresh stack trace costs more than the call. */
const failures = new Map(Object.entries(errno).map(([name, number]) => [name, new WasiFailure(number)]));

export function fail(name: keyof typeof errno): never {
  throw failures.get(name);
}
