import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isPublicAddress } from './public-address.ts';

/** Looks a name up and keeps to the public addresses that it leads to; where there is none it fails with `refusal`. */
export const publicLookup =
  (refusal: () => Error): LookupFunction =>
  (host, options, done) =>
    lookup(host, { ...options, all: true }, (error, found) => {
      const open = found?.filter(({ address }) => isPublicAddress(address)) ?? [];
      const [first] = open;
      if (error || !first) return done(error ?? refusal(), '', 0);
      if (options.all === true) return done(null, open);
      done(null, first.address, first.family);
    });
