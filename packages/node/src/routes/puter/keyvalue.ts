import type { Json, KeyValue, KeyValueHandle } from '@freehold/drive';
import { holds, IdentityError, isAppUid } from '@freehold/identity';
import { z } from 'zod';
import { RequestError } from '../../error.ts';
import type { Caller } from '../../http/route.ts';
import { method, type DriverInterface, type DriverMethod } from './driver.ts';

const many = 1000;
const optConfig = z.object({ appUuid: z.string().max(64).nullish(), disableSharing: z.boolean().nullish() }).nullish();
type OptConfig = z.output<typeof optConfig>;

/** The store itself knows what a key and a value are. */
const key = z.unknown().optional();
const json = z.custom<Json>((value) => value !== undefined);
const expireAt = z.number().nullish();
const amounts = z.record(z.string(), z.number()).nullish();

const one = z.object({ key, optConfig });
const item = z.object({ key, value: z.unknown().optional(), expireAt });
const counting = one.extend({ pathAndAmountMap: amounts });

/** Puter's `puter-kvstore`: which caller reaches which namespace. The store itself knows no permissions. */
export function keyValueInterface(keyValue: KeyValue): DriverInterface {
  const methods: Record<string, DriverMethod> = {
    get: method(one, async (caller, args) => {
      const store = open(keyValue, caller, args.optConfig, 'get');
      if (!Array.isArray(args.key)) return store.get(args.key);
      return store.getMany(atMost(args.key));
    }),
    set: method(item.extend({ optConfig }), async (caller, args) => {
      await open(keyValue, caller, args.optConfig, 'set').set(args, privacyOf(args.optConfig));
      return true;
    }),
    batchPut: method(z.object({ items: z.array(item).min(1), optConfig }), async (caller, args) => {
      await open(keyValue, caller, args.optConfig, 'batchPut').setMany(atMost(args.items), privacyOf(args.optConfig));
      return true;
    }),
    del: method(one, async (caller, args) => {
      await open(keyValue, caller, args.optConfig, 'del').delete(args.key);
      return true;
    }),
    incr: method(counting, (caller, args) =>
      open(keyValue, caller, args.optConfig, 'incr').increase(args.key, args.pathAndAmountMap ?? { '': 1 }),
    ),
    decr: method(counting, (caller, args) =>
      open(keyValue, caller, args.optConfig, 'decr').increase(args.key, args.pathAndAmountMap ?? { '': 1 }, -1),
    ),
    add: method(one.extend({ pathAndValueMap: z.record(z.string(), json).nullish() }), (caller, args) =>
      open(keyValue, caller, args.optConfig, 'add').add(args.key, args.pathAndValueMap ?? { '': 1 }),
    ),
    update: method(one.extend({ pathAndValueMap: z.record(z.string(), json), ttl: expireAt }), (caller, args) =>
      open(keyValue, caller, args.optConfig, 'update').update(args.key, args.pathAndValueMap, { ttl: args.ttl }),
    ),
    remove: method(one.extend({ paths: z.array(z.string()).min(1) }), (caller, args) =>
      open(keyValue, caller, args.optConfig, 'remove').remove(args.key, atMost(args.paths)),
    ),
    expire: method(one.extend({ ttl: z.number() }), async (caller, args) => {
      await open(keyValue, caller, args.optConfig, 'expire').expire(args.key, args.ttl);
      return true;
    }),
    expireAt: method(one.extend({ timestamp: z.number() }), async (caller, args) => {
      await open(keyValue, caller, args.optConfig, 'expireAt').expireAt(args.key, args.timestamp);
      return true;
    }),
    list: method(
      z.object({
        as: z.enum(['keys', 'values', 'entries']).default('entries'),
        pattern: z.string().max(2048).nullish(),
        reverse: z.boolean().optional(),
        limit: z.number().nullish(),
        cursor: z.string().max(4096).nullish(),
        offset: z.number().nullish(),
        includeTotal: z.boolean().nullish(),
        fetchUntilFull: z.boolean().nullish(),
        optConfig,
      }),
      async (caller, { optConfig: config, ...args }) => {
        const store = open(keyValue, caller, config, 'list');
        const request = { as: args.as, pattern: args.pattern ?? undefined, reverse: args.reverse };
        const isPaged = (['limit', 'cursor', 'offset', 'includeTotal', 'fetchUntilFull'] as const).some((name) => args[name] !== undefined);
        if (!isPaged) return store.listAll(request);
        return store.list({
          ...request,
          limit: args.limit ?? undefined,
          cursor: args.cursor,
          offset: args.offset ?? undefined,
          includeTotal: args.includeTotal ?? false,
        });
      },
    ),
    flush: method(z.object({ optConfig }), async (caller, args) => {
      await open(keyValue, caller, args.optConfig, 'flush').flush();
      return true;
    }),
  };
  return { name: 'puter-kvstore', driver: 'puter-kvstore', methods: new Map(Object.entries(methods)) };
}

/**
 * An app works in its own namespace, a person without `appUuid` in the one of the node's own programs. With `appUuid` a person
 * reaches that of any of its apps; an app or a token needs to have been given it, and then does not see what is private.
 */
function open(keyValue: KeyValue, { account, delegate }: Caller, config: OptConfig, operation: string): KeyValueHandle {
  const wanted = config?.appUuid ?? undefined;
  if (wanted !== undefined && !isAppUid(wanted))
    throw new RequestError('invalid_request', 400, 'optConfig.appUuid: must be the uid of an app, "app-" and a UUID.');
  if (!delegate) return keyValue.of({ account: account.address, app: wanted });
  const permissions = delegate.kind === 'password' ? [] : delegate.permissions;
  const needDriver = `driver:puter-kvstore:${operation}`;
  if (!holds(permissions, needDriver)) throw missing(needDriver);
  const own = delegate.kind === 'app' ? delegate.app : undefined;
  if (wanted === undefined || wanted === own) return keyValue.of({ account: account.address, app: own });
  if (config?.disableSharing)
    throw new RequestError(
      'invalid_request',
      400,
      'Only the app that an entry belongs to can make it private. Leave out optConfig.appUuid.',
    );
  const needed = `app-data:${wanted}:kv:${operation}`;
  if (!holds(permissions, needed)) throw missing(needed);
  return keyValue.of({ account: account.address, app: wanted, foreign: true });
}

const missing = (permission: string) =>
  new IdentityError('permission_missing', 403, 'You were not given this. Ask for it with puter.perms.request().', {
    details: { missing_permissions: [permission] },
  });

const privacyOf = (config: OptConfig) => ({ isPrivate: config?.disableSharing === true });

function atMost<Item>(items: readonly Item[]): readonly Item[] {
  if (items.length > many) throw new RequestError('invalid_request', 400, `Send at most ${many} at once.`);
  return items;
}
