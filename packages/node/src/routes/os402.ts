import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream/promises';
import { secretSizeLimit, type Compute, type ListedOffer } from '@freehold/compute';
import {
  asOs402,
  cidOf,
  digestOf,
  fromHex,
  isOs402,
  offerIdOf,
  offerOfOs402,
  os402Programs,
  rawCodec,
  readOs402,
  signedOffer,
  toHex,
  type Address,
  type Hex,
  type Offer,
  type Os402Parts,
  type Token,
} from '@freehold/protocol';
import { z } from 'zod';
import { RequestError } from '../error.ts';
import { partsOf, type Part } from '../http/multipart.ts';
import { readAtMost } from '../http/read-at-most.ts';
import { route } from '../http/route.ts';

const configSizeLimit = 256 * 1024;
/** One configuration, eight programs, variables and input. */
const formLimits = { parts: 11, field: configSizeLimit, fields: configSizeLimit + 2 * secretSizeLimit };
/** How long a body may go on arriving after it was refused. */
const patienceMs = 2_000;
/** Most offers in one answer. */
const pageSize = 500;

/** What is being put on sale, in whichever shape it came. */
type Wanted = {
  owner: Address;
  /** Programs by the name of their part, and the sha256 that each must have. */
  programs: Map<string, string>;
  /** The sha256 of the private or public parts that it names, and whether only the program may see them. */
  parts: Partial<Record<'env' | 'stdin', { sha256: string; isSecret: boolean }>>;
  isOurs: boolean;
  name: string;
  /** Whether it was signed before one that is on sale. A document of OS402 does not say when; the later expiry counts. */
  isBefore: (other: Offer) => boolean;
  publish: (parts: Os402Parts) => Promise<ListedOffer>;
};

/**
 * The paths and shapes of OS402's servers (facts: x402-and-os402 §4), for its clients and its sellers: their signed documents are
 * sold here under their own hash. `/{hash}.cgi` is a function like any other; tasks are in `os402-tasks.ts`.
 */
export const os402Routes = ({
  compute,
  token,
  recover,
  isSeller,
  onChange,
  now,
}: {
  compute: Compute;
  token: Token | null;
  recover: (digest: Uint8Array, signature: Hex) => Address | undefined;
  /** Whether a wallet may sell on this node. */
  isSeller: (address: Address) => Promise<boolean>;
  onChange: () => void;
  now: () => number;
}) => {
  /** Checks what the `config` part holds: by the path, by its own hash, by its signature. Nothing else of the request is read before. */
  function readConfig(text: string, hash: string): Wanted {
    const value = parseJson(text);
    return isOs402(value) ? readTheirs(text, hash) : readOurs(value, hash);
  }

  function readTheirs(text: string, hash: string): Wanted {
    const document = readOs402(text, recover);
    checkPath(hash, document.hash);
    if (!token) throw new RequestError('no_chain', 503, 'This node has no chain, so nothing can be sold here.');
    const { offer } = document;
    const { exec } = offer;
    const { env_sha256: env, stdin_sha256: stdin } = exec;
    return {
      owner: offer.owner,
      programs: new Map(os402Programs(offer).map(({ arch, sha256 }) => [`exe_${arch}`, sha256])),
      parts: {
        ...(env !== undefined && { env: { sha256: env, isSecret: exec.env_private } }),
        ...(stdin !== undefined && { stdin: { sha256: stdin, isSecret: exec.stdin_private } }),
      },
      isOurs: false,
      name: offer.name ?? '',
      isBefore: ({ expiresAt }) => offer.valid_until * 1000 < expiresAt,
      publish: (parts) =>
        compute.offers.publishOs402(offerOfOs402(document, { token, now: now(), parts }), {
          alias: document.hash,
          document: document.text,
          signature: document.signature,
        }),
    };
  }

  function readOurs(value: unknown, hash: string): Wanted {
    const { offer, signature } = signedOffer.parse(value);
    checkPath(hash, offerIdOf(offer));
    compute.offers.checkSignature(offer, signature);
    return {
      owner: offer.owner,
      programs: new Map(offer.programs.map(({ cid, runtime }) => [`exe_${runtime}`, sha256OfCid(cid)])),
      parts: {
        ...(offer.secret?.env !== undefined && { env: { sha256: offer.secret.env, isSecret: true } }),
        ...(offer.secret?.input !== undefined && { stdin: { sha256: offer.secret.input, isSecret: true } }),
      },
      isOurs: true,
      name: offer.name,
      isBefore: ({ createdAt }) => offer.createdAt < createdAt,
      publish: () => compute.offers.publish({ offer, signature, caller: offer.owner }),
    };
  }

  /**
   * A document is public, so whoever has read it, here or on another node, can send it again: it must not bring back what its seller
   * has withdrawn, or take the place of what he sells now.
   */
  async function findEarlier(hash: string, { owner, name, isBefore }: Wanted): Promise<ListedOffer | undefined> {
    const earlier = await compute.offers.get(hash).catch(() => undefined);
    if (earlier && earlier.state === 'withdrawn')
      throw new RequestError('forbidden', 409, 'The seller has withdrawn this very offer. To sell again, sign one with a later expiry.');
    const current = earlier || name === '' ? undefined : await compute.offers.get(name).catch(() => undefined);
    if (current && current.offer.owner === owner && isBefore(current.offer))
      throw new RequestError('forbidden', 409, `The seller has a later offer named "${name}" on sale. To replace it, sign a new one.`);
    return earlier;
  }

  async function takePart(part: Part, { owner, programs, parts, isOurs }: Wanted, open: Os402Parts): Promise<void> {
    const bytes = () => (part.kind === 'field' ? Promise.resolve(Buffer.from(part.value)) : readAtMost(part.content, secretSizeLimit));
    if (part.name === 'env' || part.name === 'stdin') {
      const named = parts[part.name];
      if (!named) throw new RequestError('invalid_request', 400, `The offer names no sha256 for the part "${part.name}". Leave it out.`);
      const content = await bytes();
      if (!named.isSecret) {
        checkPart(part.name, content, named.sha256);
        if (part.name === 'env') open.env = z.record(z.string(), z.string()).parse(parseJson(content.toString()));
        else open.stdin = content;
      } else if (isOurs) await compute.secrets.add(owner, named.sha256, content);
      else await compute.secrets.addOs402(owner, named.sha256, content, part.name);
      return;
    }
    const sha256 = programs.get(part.name);
    if (sha256 === undefined)
      throw new RequestError(
        'invalid_request',
        400,
        `The offer has no part "${part.name.slice(0, 64)}". It has: ${[...programs.keys(), ...Object.keys(parts)].join(', ')}.`,
      );
    if (part.kind === 'field') throw new RequestError('invalid_request', 400, `Send "${part.name}" as a file, with a file name.`);
    await compute.programs.add(part.content, { owner, sha256 });
  }

  async function put(hash: string, stream: IncomingMessage) {
    let wanted: Wanted | undefined;
    const open: Os402Parts = {};
    const created = (offer: Offer) => ({ status: 'created', offer_hash: hash, expires_at: Math.floor(offer.expiresAt / 1000) });
    for await (const part of partsOf(stream, formLimits)) {
      if (wanted) {
        await takePart(part, wanted, open);
        continue;
      }
      if (part.name !== 'config') throw new RequestError('invalid_request', 400, 'The first part must be "config": the signed offer.');
      wanted = readConfig(part.kind === 'field' ? part.value : (await readAtMost(part.content, configSizeLimit)).toString(), hash);
      if (!(await isSeller(wanted.owner)))
        throw new RequestError('forbidden', 403, `${wanted.owner} may not sell on this node. Its owner lets wallets in.`);
      const earlier = await findEarlier(hash, wanted);
      if (earlier) return created(earlier.offer);
    }
    if (!wanted) throw new RequestError('invalid_request', 400, 'The first part must be "config": the signed offer.');
    const { offer } = await wanted.publish(open);
    onChange();
    return created(offer);
  }

  const listingOf = (offers: readonly ListedOffer[]) => ({
    offers: Object.fromEntries(offers.map(({ id, os402, offer }) => [os402 ?? id, asOs402(offer, token)])),
    count: offers.length,
  });
  const live = (offers: readonly ListedOffer[]) => offers.filter(({ state }) => state === 'live');
  const listing = z.object({ offers: z.record(z.string(), z.unknown()), count: z.number() });

  return [
    route({
      method: 'PUT',
      path: '/:offer',
      policy: 'signed',
      summary: 'Put a signed offer of OS402, or one of ours, on sale: multipart, "config" first, then "exe_{arch}", "env", "stdin"',
      params: z.strictObject({ offer: z.string().regex(/^[0-9a-f]{64}$/, 'must be the hash of an offer in 64 hexadecimal digits') }),
      body: 'stream',
      answer: z.object({ status: z.string(), offer_hash: z.string(), expires_at: z.number() }),
      status: 201,
      handle: ({ params: { offer: hash }, stream }) => heardOut(stream, () => put(hash, stream)),
    }),
    route({
      method: 'GET',
      path: '/offers',
      policy: 'anyone',
      summary: "The functions on sale, as OS402's clients read them",
      answer: listing,
      async handle({ reply }) {
        reply.header('access-control-allow-origin', '*');
        return listingOf(live((await compute.offers.list({ limit: pageSize })).offers));
      },
    }),
    route({
      method: 'GET',
      path: '/:offer.exe',
      policy: 'anyone',
      summary:
        'The offers that run the program with that sha256. HEAD tells whether the node has it, so that equal bytes are not sent twice',
      params: z.strictObject({ offer: z.string().regex(/^[0-9a-f]{64}$/, 'must be a sha256 in 64 hexadecimal digits') }),
      answer: listing,
      async handle({ params: { offer: sha256 } }) {
        await compute.programs.get(cidOf(rawCodec, fromHex(sha256)));
        return listingOf(live((await compute.offers.list({ program: cidOf(rawCodec, fromHex(sha256)), limit: pageSize })).offers));
      },
    }),
    route({
      method: 'GET',
      path: '/:offer',
      policy: 'anyone',
      summary: 'A signed offer, by hash or name: the document of OS402 as it was uploaded, or ours',
      params: z.strictObject({ offer: z.string().max(128) }),
      async handle({ params, reply }) {
        const found = /^[a-z0-9-]{1,64}$/.test(params.offer) ? await compute.offers.get(params.offer).catch(() => undefined) : undefined;
        if (!found) throw new RequestError('not_found', 404, 'There is nothing at this path. GET /api/openapi.json lists what there is.');
        reply.headers({
          'access-control-allow-origin': '*',
          'content-type': 'application/json; charset=utf-8',
          'cache-control': 'no-store',
        });
        const { id, offer, signature } = found;
        return reply.send((await compute.offers.os402DocumentOf(id)) ?? JSON.stringify({ offer, signature }));
      },
    }),
  ];
};

/** A client that is still sending when it is refused would not hear why: what is left of a body that ends soon is thrown away first. */
async function heardOut<Result>(stream: IncomingMessage, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    stream.resume();
    await finished(stream, { signal: AbortSignal.timeout(patienceMs) }).catch(() => {});
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Its own message would quote what may be a secret.
    throw new RequestError('invalid_request', 400, 'One of the parts is not valid JSON.');
  }
}

function checkPath(hash: string, real: string): void {
  if (hash !== real)
    throw new RequestError('invalid_request', 422, `The hash of this offer is ${real}, not the one in the path. Send it to /${real}.`);
}

function checkPart(name: string, bytes: Uint8Array, sha256: string): void {
  const arrived = createHash('sha256').update(bytes).digest('hex');
  if (arrived !== sha256)
    throw new RequestError('invalid_request', 422, `The part "${name}" has the sha256 ${arrived}, and the offer says ${sha256}.`);
}

const sha256OfCid = (cid: string): string => toHex(digestOf(cid)).slice(2);
