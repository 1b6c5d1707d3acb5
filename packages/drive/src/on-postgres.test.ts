import { againOnPostgres } from '../../database/src/testing/again-on-postgres.ts';

// Making thousands of files one after another takes minutes there.
const long = process.env['FREEHOLD_LONG'] === '1' ? ['{fsck,ipfs}/*.test.ts'] : ['ipfs/ipns.test.ts'];

await againOnPostgres(import.meta.dirname, [
  '{blob-store,copying,following,isolation,locks,looking,model,properties,reach,scrub,sharing,stage,tidy,trash,uploads,versions,writing}.test.ts',
  '{keyvalue,search}/*.test.ts',
  ...long,
]);
