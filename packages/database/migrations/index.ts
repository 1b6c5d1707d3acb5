import type { Migration } from '../src/migration.ts';
import dav from './0011-dav.ts';
import compute from './0004-compute.ts';
import delegation from './0009-delegation.ts';
import drive from './0002-drive.ts';
import durable from './0012-durable.ts';
import identity from './0001-identity.ts';
import links from './0014-links.ts';
import keyvalue from './0010-keyvalue.ts';
import nodes from './0015-nodes.ts';
import offers from './0016-offers.ts';
import objects from './0006-objects.ts';
import facilitator from './0024-facilitator.ts';
import paymentLooks from './0023-payment-looks.ts';
import payments from './0003-payments.ts';
import publishing from './0008-publishing.ts';
import reach from './0005-reach.ts';
import search from './0007-search.ts';
import tasks from './0017-tasks.ts';
import programHolders from './0028-program-holders.ts';
import uploads from './0013-uploads.ts';
import workers from './0019-workers.ts';
import keptBytes from './0020-kept-bytes.ts';
import rails from './0021-rails.ts';
import refunds from './0022-refunds.ts';
import wallets from './0025-wallets.ts';
import signIn from './0026-sign-in.ts';
import passkeys from './0027-passkeys.ts';
import takenNames from './0029-taken-names.ts';

/** The history of the schema, oldest first. Append only. */
export const migrations: readonly Migration[] = [
  identity,
  drive,
  payments,
  compute,
  reach,
  objects,
  search,
  publishing,
  delegation,
  keyvalue,
  dav,
  durable,
  uploads,
  links,
  nodes,
  offers,
  tasks,
  workers,
  keptBytes,
  rails,
  refunds,
  paymentLooks,
  facilitator,
  wallets,
  programHolders,
  signIn,
  passkeys,
  takenNames,
];
