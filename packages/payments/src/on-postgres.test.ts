import { againOnPostgres } from '../../database/src/testing/again-on-postgres.ts';

await againOnPostgres(import.meta.dirname, ['{payments,refusals,channel,escrow,upfront}.test.ts']);
