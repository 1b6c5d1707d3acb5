import type { Migration } from '../src/migration.ts';
import compute from './0004-compute.ts';
import drive from './0002-drive.ts';
import identity from './0001-identity.ts';
import payments from './0003-payments.ts';

/** The history of the schema, oldest first. Append only. */
export const migrations: readonly Migration[] = [identity, drive, payments, compute];
