import type { DialectName } from '../route.ts';
import { dav } from './dav.ts';
import type { Dialect } from './dialect.ts';
import { freehold } from './freehold.ts';
import { gateway } from './gateway.ts';
import { puter } from './puter.ts';

export const dialects: Record<DialectName, Dialect> = { freehold, puter, dav, gateway };
