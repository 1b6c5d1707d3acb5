import { errno, type WasiFailure } from '../../wasi/errno.ts';

/** The `error-code` of wasi:filesystem for each error number of preview 1 that the volume fails with. */
const codes: Readonly<Record<keyof typeof errno, string>> = {
  success: 'io',
  badf: 'bad-descriptor',
  busy: 'busy',
  exist: 'exist',
  fault: 'io',
  ilseq: 'illegal-byte-sequence',
  inval: 'invalid',
  io: 'io',
  isdir: 'is-directory',
  loop: 'loop',
  mfile: 'quota',
  nametoolong: 'name-too-long',
  noent: 'no-entry',
  nospc: 'insufficient-space',
  nosys: 'unsupported',
  notdir: 'not-directory',
  notempty: 'not-empty',
  notsock: 'unsupported',
  perm: 'not-permitted',
  rofs: 'read-only',
  spipe: 'invalid-seek',
  xdev: 'cross-device',
  notcapable: 'not-permitted',
};
export function codeOf({ errno: number }: WasiFailure): string {
  const [, code] = Object.entries(codes).find(([name]) => Reflect.get(errno, name) === number) ?? [];
  return code ?? 'io';
}

/** What a component gets as the error of a result: jco takes it out of what was thrown. */
export const refuseWith = (payload: unknown): never => {
  // oxlint-disable-next-line no-throw-literal -- an error with a stack is what jco takes for a fault of the host
  throw { payload };
};

/** The class of a resource without methods, of which there is never more than a token. */
export const resource = (): { prototype: object } =>
  function token() {
    // Nothing is ever in it.
  };
