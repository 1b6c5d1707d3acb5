import { againOnPostgres } from '../../database/src/testing/again-on-postgres.ts';

const slow = process.env['FREEHOLD_LONG'] === '1' ? ['weather.test.ts'] : [];
const files = ['{payments,refusals,channel,escrow,upfront,report}.test.ts', 'facilitator/facilitator.test.ts', ...slow];
await againOnPostgres(import.meta.dirname, files);
