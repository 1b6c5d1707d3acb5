import { callPath, hashTypedData, offerIdOf, offerTypedData, type Address, type Hex, type Offer } from '@freehold/protocol';
import { ComputeError } from './error.ts';
import { exampleQuery, isLibrary } from './export-call.ts';
import type { Pools } from './pools.ts';
import type { Programs } from './programs.ts';
import type { Secrets } from './secrets.ts';
import { unsupportedBy } from './unsupported.ts';
import type { OfferRow, ProgramRow, Store } from './store.ts';
import type { OfferFilter } from './store/offer-index.ts';

export type OfferState = 'live' | 'expired' | 'withdrawn' | 'unavailable';
export type ListedOffer = OfferRow & {
  state: OfferState;
  refusal: string | null;
  calls: number;
  /** Path and query of a call that works as it stands. */ example: string;
  /** The hash of the OS402 document that it was made of. */ os402: string | null;
};
/** A page of offers, and where the next one begins. */
export type OfferPage = { offers: ListedOffer[]; next: string | null };
export type OfferQuery = Omit<OfferFilter, 'after'> & { after?: string | undefined };
/** An offer that can be called now, with the program variant that this node runs. */
export type CallableOffer = { id: string; offer: Offer; program: ProgramRow };

/** How far ahead of our clock a seller's may be. */
const clockSkewMs = 5 * 60_000;
const foundForMs = 1000;
const mostFound = 1000;

export type Offers = ReturnType<typeof openOffers>;

export function openOffers({
  store,
  programs,
  now,
  recover,
  accepts,
  pools,
  secrets,
  proveTool,
}: {
  store: Store;
  pools: Pools;
  secrets: Secrets;
  programs: Programs;
  now: () => number;
  recover: (digest: Uint8Array, signature: Hex) => Address | undefined;
  /** True when this node can take money in that token. */
  accepts: (network: string, asset: Address) => boolean;
  /** Refuses a tool that is not what its offer says. */
  proveTool: (call: CallableOffer) => Promise<void>;
}) {
  /** The first program of the offer that runs here; the reason of the last refusal otherwise. */
  async function choose(offer: Offer): Promise<{ program: ProgramRow } | { refusal: string }> {
    let refusal = 'None of its programs has been uploaded to this node.';
    for (const { cid } of offer.programs) {
      const program = await programs.info(cid);
      if (!program) continue;
      const reason = programs.refusalOf(program, offer);
      if (reason === null) return { program };
      refusal = reason;
    }
    return { refusal };
  }

  async function list(row: OfferRow): Promise<ListedOffer> {
    const choice = await choose(row.offer);
    const refusal = 'refusal' in choice ? choice.refusal : null;
    const state =
      row.withdrawnAt !== null ? 'withdrawn' : row.offer.expiresAt <= now() ? 'expired' : refusal === null ? 'live' : 'unavailable';
    const program = 'program' in choice ? choice.program : undefined;
    return {
      ...row,
      state,
      refusal,
      calls: await store.callsOf(row.id),
      example: exampleOf(row.offer, program),
      os402: (await store.aliasOf(row.id))?.alias ?? null,
    };
  }

  /** By the id, or by the hash of the OS402 document that it was made of. */
  async function findById(id: string): Promise<OfferRow | undefined> {
    const row = await store.offer(id);
    if (row) return row;
    const offer = await store.offerOfAlias(id);
    return offer === undefined ? undefined : store.offer(offer);
  }

  async function find(idOrName: string): Promise<OfferRow> {
    const row = /^[0-9a-f]{64}$/.test(idOrName) ? await findById(idOrName) : await store.liveOfferNamed(idOrName);
    if (!row)
      throw new ComputeError('offer_not_found', 404, 'No function has this name or id on this node. GET /api/offers lists what there is.');
    return row;
  }

  /** What was found for calls lately. A change made here is seen at once, one made by another node on this database after `foundForMs`. */
  let found = new Map<string, { call: CallableOffer; until: number }>();
  let finding = new Map<string, Promise<CallableOffer>>();
  const forget = () => {
    found = new Map();
    finding = new Map();
  };

  function atHand(idOrName: string): CallableOffer | undefined {
    const known = found.get(idOrName);
    return known && known.until > now() ? known.call : undefined;
  }

  /** Calls that come at the same time look for it once. */
  function findOnce(idOrName: string): Promise<CallableOffer> {
    const book = finding;
    const under = book.get(idOrName);
    if (under) return under;
    const search = keepFound(idOrName).finally(() => book.delete(idOrName));
    book.set(idOrName, search);
    return search;
  }

  async function keepFound(idOrName: string): Promise<CallableOffer> {
    const book = found;
    const call = await findCallable(idOrName);
    if (book.size >= mostFound) book.clear();
    const known = book.get(idOrName)?.call;
    // The same object stands for the same offer, so that what was made of it can be found by it.
    const same = known && known.id === call.id && known.program.cid === call.program.cid ? known : call;
    book.set(idOrName, { call: same, until: Math.min(now() + foundForMs, call.offer.expiresAt) });
    return same;
  }

  async function findCallable(idOrName: string): Promise<CallableOffer> {
    const { id, offer, withdrawnAt } = await find(idOrName);
    if (withdrawnAt !== null)
      throw new ComputeError('offer_withdrawn', 410, 'The seller has withdrawn this function. GET /api/offers lists what there is.');
    if (offer.expiresAt <= now()) throw new ComputeError('offer_expired', 410, 'This offer has expired. Its seller must publish it again.');
    const choice = await choose(offer);
    if ('refusal' in choice) throw new ComputeError('sandbox_unavailable', 503, `This function cannot run here now. ${choice.refusal}`);
    return { id, offer, program: choice.program };
  }

  function checkSignature(offer: Offer, signature: Hex): void {
    if (recover(hashTypedData(offerTypedData(offer)), signature) !== offer.owner)
      throw invalid('The signature does not belong to the owner of the offer, or the offer was changed after signing. Sign it again.');
  }

  /** Whatever could not be kept to is refused here, before anybody pays. */
  async function sell(row: OfferRow, alias?: { alias: string; document: string }): Promise<ListedOffer> {
    const { offer } = row;
    if (offer.expiresAt <= now()) throw new ComputeError('offer_expired', 422, 'The offer has expired. Sign one with a later expiry.');
    if (offer.createdAt > now() + clockSkewMs)
      throw invalid('The offer says that it was created in the future. Check the clock of the machine that signed it.');
    const unsupported = unsupportedBy(offer) ?? pools.refusalOf(offer);
    if (unsupported !== null) throw invalid(unsupported);
    const foreign = offer.prices.find(({ network, asset }) => !accepts(network, asset));
    if (foreign) throw invalid(`This node takes no payments in ${foreign.asset} on ${foreign.network}. GET /api/node names its token.`);
    for (const { cid, runtime } of offer.programs) {
      const program = await programs.info(cid);
      if (!program)
        throw new ComputeError('program_unknown', 422, `The program ${cid} is not on this node. Upload it first with PUT /api/programs.`);
      if (program.runtime !== runtime) throw invalid(`The program ${cid} is for ${program.runtime}, not for ${runtime}.`);
      if (program.kind === 'component' && offer.limits.fuel !== undefined)
        throw invalid(
          'The instructions of WebAssembly components are not counted: leave "limits.fuel" out, or build a WASI preview 1 command.',
        );
    }
    const choice = await choose(offer);
    if ('refusal' in choice) throw new ComputeError('sandbox_unavailable', 422, choice.refusal);
    await secrets.check(offer);
    if (offer.interface === 'tool') await proveTool({ id: row.id, offer, program: choice.program });
    else if (offer.tool) throw invalid('Only an offer with the interface "tool" has a "tool".');
    // Whoever sells a program keeps it, so that it does not go when its uploader lets it go.
    for (const { cid } of offer.programs) {
      const program = await programs.info(cid);
      if (program) await programs.hold(offer.owner, program);
    }
    const isPublished = await store.publish(row, now(), alias);
    forget();
    if (!isPublished)
      throw new ComputeError('offer_name_taken', 409, `Another seller on this node uses the name "${offer.name}". Choose another name.`);
    return list(row);
  }

  return {
    /** Puts a signed offer on sale. Errors: `offer_invalid`, `offer_expired`, `offer_foreign`, `offer_name_taken`, `program_unknown`, `sandbox_unavailable`. */
    async publish({ offer, signature, caller }: { offer: Offer; signature: Hex; caller: Address }): Promise<ListedOffer> {
      if (offer.owner !== caller)
        throw new ComputeError(
          'offer_foreign',
          403,
          `The offer is owned by ${offer.owner}, but you are signed in as ${caller}. Sell under your own wallet.`,
        );
      checkSignature(offer, signature);
      return sell({ id: offerIdOf(offer), offer, signature, withdrawnAt: null });
    },

    /** Refuses an offer that was changed after signing. Errors: `offer_invalid`. */
    checkSignature,

    /**
     * Puts on sale what an OS402 document was translated to; whoever calls this has checked the document. Errors: as `publish`.
     */
    publishOs402: (offer: Offer, { signature, ...alias }: { alias: string; document: string; signature: Hex }): Promise<ListedOffer> =>
      sell({ id: offerIdOf(offer), offer, signature, withdrawnAt: null }, alias),

    /** The document of OS402 that an offer was made of, as it came. */
    os402DocumentOf: async (id: string): Promise<string | undefined> => (await store.aliasOf(id))?.document,

    /** Newest first. Errors: `request_invalid` when `after` is no place in the list. */
    async list({ after, limit, ...filter }: OfferQuery): Promise<OfferPage> {
      const rows = await store.offers({ ...filter, after: after === undefined ? undefined : placeIn(after), limit: limit + 1 });
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      return { offers: await Promise.all(page.map(list)), next: last ? `${last.offer.createdAt}-${last.id}` : null };
    },

    get: async (idOrName: string): Promise<ListedOffer> => list(await find(idOrName)),

    /** Errors: `offer_not_found`, `offer_foreign`. */
    async withdraw(id: string, caller: Address): Promise<ListedOffer> {
      const row = await find(id);
      if (row.offer.owner !== caller) throw new ComputeError('offer_foreign', 403, 'Only the seller can withdraw an offer.');
      await store.withdraw(row.id, now());
      forget();
      return list(await find(row.id));
    },

    /** What a call needs. Errors: `offer_not_found`, `offer_withdrawn`, `offer_expired`, `sandbox_unavailable`. */
    callable: async (idOrName: string): Promise<CallableOffer> => atHand(idOrName) ?? findOnce(idOrName),

    /** The same for an offer that was called a moment ago, at once; undefined when it has to be looked for. */
    atHand,
  };
}

const invalid = (message: string) => new ComputeError('offer_invalid', 422, message);

function placeIn(after: string): { createdAt: number; id: string } {
  const [, createdAt, id] = /^(\d{1,15})-([0-9a-f]{64})$/.exec(after) ?? [];
  if (createdAt === undefined || id === undefined)
    throw new ComputeError('request_invalid', 400, 'after: must be the "next" of the page before.');
  return { createdAt: Number(createdAt), id };
}

function exampleOf({ name, interface: contract }: Offer, program: ProgramRow | undefined): string {
  if (contract !== 'cgi') return callPath(contract, name);
  const call = program && isLibrary(program.kind) ? program.exports[0] : undefined;
  if (!call) return `/${name}.cgi`;
  return `/${name}.cgi/${encodeURIComponent(call.name)}${exampleQuery(call.parameters)}`;
}
