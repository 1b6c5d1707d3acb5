import type { Drive } from '@freehold/drive';
import { z } from 'zod';
import { callerOf, route } from '../../http/route.ts';
import { toV1, type Shown } from './entry.ts';
import { fieldRequired } from './error.ts';
import { anything, subject, text } from './fields.ts';
import { openReach } from './reach.ts';

const dialect = 'puter';
const policy = 'app';
/** Pages of hits looked through for those that an app may see. */
const mostPages = 20;
const mostHits = 200;

/** Questions about the drive as a whole, and those that have a short answer here because nothing is published or registered by them. */
export const wholeDriveRoutes = (drive: Drive, now: () => number) => [
  route({
    method: 'POST',
    path: '/df',
    dialect,
    policy,
    summary: 'How much is stored, and how much may be, in bytes',
    body: anything,
    async handle(call) {
      const { used, quota } = await drive.of(callerOf(call).account.address).usage();
      return { used, capacity: quota };
    },
  }),
  route({
    method: 'GET',
    path: '/cache/last-change-timestamp',
    dialect,
    policy,
    summary: 'When the drive was last changed, in milliseconds',
    query: anything,
    async handle(call) {
      return { timestamp: (await drive.of(callerOf(call).account.address).changedAt()) || now() };
    },
  }),
  route({
    method: 'POST',
    path: '/search',
    dialect,
    policy,
    summary: 'Files and folders by their names and, for a person, by what is in them',
    body: z.object({ text, query: text }),
    async handle(call) {
      const words = (call.body.text ?? call.body.query ?? '').trim();
      if (words === '') throw fieldRequired('text');
      const reach = openReach(drive, callerOf(call));
      const own = drive.of(reach.home);
      const shown: Shown[] = [];
      // An app that may only see an entry must not learn what is in it, so it searches names; and it does not search for ever.
      const where = reach.inPerson ? 'everything' : 'names';
      let pages = 0;
      for (let after: string | undefined, more = true; more && shown.length < mostHits && pages < mostPages; pages++) {
        const page = await own.search({ text: words.slice(0, 256), in: where, limit: mostHits - shown.length, after });
        for (const entry of page.entries) {
          if (!reach.inPerson && !(await reach.sees(entry.id))) continue;
          const path = `/${reach.home}${entry.path ?? `/${entry.name}`}`;
          shown.push(reach.show({ owner: reach.home, drive: own, entry, path, right: reach.inPerson ? 'manage' : 'see' }));
        }
        after = page.next;
        more = after !== undefined;
      }
      return shown.map((each) => toV1(each));
    },
  }),
  route({
    method: 'POST',
    path: '/readdir-subdomains',
    dialect,
    policy,
    summary: 'Which sites are served out of folders',
    body: z.object({
      directory_ids: z
        .array(z.union([z.string().max(64), z.int()]))
        .min(1, 'give at least one id')
        .max(10_000),
    }),
    handle: async (call) => call.body.directory_ids.map((id) => ({ directory_id: id, subdomains: [], has_website: false })),
  }),
  route({
    method: 'POST',
    path: '/suggest_apps',
    dialect,
    policy,
    summary: 'Apps that open a file',
    body: subject,
    async handle(call) {
      const reach = openReach(drive, callerOf(call));
      await reach.find(reach.subject(call.body), 'see');
      return [];
    },
  }),
];
