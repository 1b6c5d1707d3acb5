import { address, isSolanaAddress, type Address } from '@freehold/protocol';

/** A sign-in message as its fields. Times are milliseconds since the epoch. */
export type SignInMessage = {
  /** Who signs: an Ethereum address, or `solana:` and a public key in base 58. */
  wallet: Address | `solana:${string}`;
  scheme: string | undefined;
  /** Host, and port where it is written. */
  domain: string;
  statement: string | undefined;
  uri: string;
  /** Of an Ethereum chain; undefined for Solana, whose chains have names. */
  chainId: number | undefined;
  nonce: string;
  issuedAt: number;
  expiresAt: number | undefined;
  notBefore: number | undefined;
  requestId: string | undefined;
  resources: string[];
};

/** RFC 3986: reserved, unreserved, percent. */
const uriText = String.raw`[A-Za-z][A-Za-z0-9+.\-]*:(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*`;
const statementText = String.raw`[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;= ]+`;
const timeText = String.raw`\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+\-]\d{2}:\d{2})`;
const hostText = String.raw`(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,252}[A-Za-z0-9])?)(?::\d{1,5})?`;

const grammar = new RegExp(
  [
    String.raw`^(?:(?<scheme>[A-Za-z][A-Za-z0-9+.\-]*)://)?(?<domain>${hostText}) wants you to sign in with your (?<kind>Ethereum|Solana) account:`,
    String.raw`(?<address>[0-9A-Za-z]{32,44})`,
    '',
    String.raw`(?:(?<statement>${statementText})\n)?`,
    String.raw`URI: (?<uri>${uriText})`,
    'Version: 1',
    String.raw`Chain ID: (?<chain>[A-Za-z0-9:\-]{1,64})`,
    String.raw`Nonce: (?<nonce>[A-Za-z0-9]{8,128})`,
    String.raw`Issued At: (?<issuedAt>${timeText})(?:\nExpiration Time: (?<expiresAt>${timeText}))?(?:\nNot Before: (?<notBefore>${timeText}))?(?:\nRequest ID: (?<requestId>(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*))?(?<resources>\nResources:(?:\n- ${uriText})*)?$`,
  ].join(String.raw`\n`),
);

const longest = 8 * 1024;
/** Chains of Solana as wallets write them. */
const solanaChains = /^(solana:)?(mainnet|devnet|testnet|localnet)$/;

/**
 * Reads a message that somebody else wrote, by the grammar of EIP-4361 and nothing beside it: what other readers let pass (text behind
 * the end, a second line of statement, a wrong checksum, a date that is none) is no message here. Undefined then. Solana's wallets write
 * the same with their own kind of address.
 */
export function readSignInMessage(text: string): SignInMessage | undefined {
  if (text.length > longest) return undefined;
  const found = grammar.exec(text)?.groups;
  if (!found) return undefined;
  const { scheme, domain = '', kind, address: written = '', statement, uri = '', chain = '', nonce = '', requestId } = found;
  const isEthereum = kind === 'Ethereum';
  const wallet = isEthereum ? checksummed(written) : isSolanaAddress(written) ? (`solana:${written}` as const) : undefined;
  const chainId = isEthereum ? chainNumber(chain) : undefined;
  if (wallet === undefined || (isEthereum ? chainId === undefined : !solanaChains.test(chain)) || !URL.canParse(uri)) return undefined;
  const issuedAt = timeOf(found['issuedAt']);
  const expiresAt = timeOf(found['expiresAt']);
  const notBefore = timeOf(found['notBefore']);
  if (issuedAt === undefined || Number.isNaN(issuedAt) || Number.isNaN(expiresAt) || Number.isNaN(notBefore)) return undefined;
  const resources = (found['resources'] ?? '').split('\n- ').slice(1);
  if (!resources.every((each) => URL.canParse(each))) return undefined;
  return { wallet, scheme, domain, statement, uri, chainId, nonce, issuedAt, expiresAt, notBefore, requestId, resources };
}

/** Only as EIP-55 writes it. */
function checksummed(text: string): Address | undefined {
  const parsed = address.safeParse(text);
  return parsed.success && parsed.data === text ? parsed.data : undefined;
}

function chainNumber(text: string): number | undefined {
  const number = Number(text);
  return /^[1-9]\d*$/.test(text) && Number.isSafeInteger(number) ? number : undefined;
}

/** Undefined for none, NaN for one that is no moment: 30 February, 25 o'clock. */
function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const upper = text.toUpperCase();
  const [, year, month, day, hour, minute, second] = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)/.exec(upper) ?? [];
  const local = new Date(`${upper.slice(0, 19)}Z`);
  if (Number.isNaN(local.getTime())) return Number.NaN;
  const same = local.toISOString().slice(0, 19) === `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  return same ? Date.parse(upper) : Number.NaN;
}
