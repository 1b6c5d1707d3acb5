import { mostTermsBytes, plainText, readTerms, PaymentError, type Terms } from '@freehold/payments';
import { formatUnits, paymentRequiredHeader, type PaymentRequirements } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../error.ts';
import { print } from '../output.ts';
import { readPaySettings, type PaySettings } from '../pay/settings.ts';

/** `inspect URL`: what a seller asks for, of version 1 or 2 of x402. Nothing is paid and nothing is signed. Errors: CliError. */
export async function inspect(url: string, { method = 'GET', json }: { method?: string; json?: boolean }, context: Context): Promise<void> {
  const address = URL.parse(/^[a-z][a-z0-9+.-]*:/i.test(url) ? url : `http://${url}`);
  if (!address || !/^https?:$/.test(address.protocol)) throw usageError(`${url} is no address of the web.`, 'Write http://… or https://…');
  const response = await ask(address, method, context);
  if (response.status !== 402) {
    await response.body?.cancel();
    const where = response.headers.get('location');
    throw new CliError(`${address} asks for no payment: it answered ${response.status}${where ? ` and leads to ${where}` : ''}.`, {
      advice: where
        ? `Ask there: freehold inspect '${URL.parse(where, address.href) ?? where}'`
        : 'Another method may be for sale: --method POST',
    });
  }
  let terms: Terms | undefined;
  try {
    terms = readTerms({
      header: response.headers.get(paymentRequiredHeader) ?? undefined,
      body: await beginning(response),
      url: address.href,
    });
  } catch (cause) {
    throw new CliError(cause instanceof PaymentError ? cause.message : 'The terms cannot be read.', { cause });
  }
  if (!terms)
    throw new CliError(`${address} answers 402 and names no terms that x402 knows.`, { advice: `See what it says: curl -i '${address}'` });
  const settings = readPaySettings({ key: undefined, pay: [], max: [], perCallMax: [], dryRun: true }, context);
  print(context, {
    json,
    value: { url: address.href, method, x402Version: terms.version, ...described(terms, settings) },
    text: asText(terms, settings),
  });
}

async function ask(url: URL, method: string, { signal }: Context): Promise<Response> {
  try {
    return await fetch(url, { method, redirect: 'manual', signal, headers: { accept: 'application/json, */*;q=0.5' } });
  } catch (cause) {
    const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    throw new CliError(`${url} could not be asked: ${why}`, { advice: 'Check the address, and that the server runs.', cause });
  }
}

async function beginning(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > mostTermsBytes) break;
  }
  return Buffer.concat(chunks).toString();
}

const tokenOf = ({ network, asset }: PaymentRequirements, { tokens }: PaySettings) =>
  tokens.find((token) => token.network === network && token.asset.toLowerCase() === asset.toLowerCase());

function described({ required }: Terms, settings: PaySettings) {
  return {
    resource: required.resource,
    ...(required.error !== undefined && { error: required.error }),
    accepts: required.accepts.map((requirement) => {
      const token = tokenOf(requirement, settings);
      return { ...requirement, ...(token && { price: formatUnits(BigInt(requirement.amount), token.decimals), symbol: token.symbol }) };
    }),
    extensions: required.extensions ?? {},
  };
}

function asText({ version, required }: Terms, settings: PaySettings): string {
  const { resource, accepts, extensions = {}, error } = required;
  const names = Object.entries(settings.networks);
  const lines = [`${plainText(resource.url)}   (x402 version ${version})`];
  if (resource.description) lines.push(`  ${plainText(resource.description)}`);
  for (const requirement of accepts) {
    const token = tokenOf(requirement, settings);
    const name = names.find(([, id]) => id === requirement.network)?.[0];
    const price = token
      ? `${formatUnits(BigInt(requirement.amount), token.decimals)} ${token.symbol}`
      : `${requirement.amount} units of a token that is not known here`;
    lines.push(
      '',
      `  ${plainText(requirement.scheme)}: ${price} on ${plainText(requirement.network)}${name ? ` (${name})` : ''}`,
      `    ${requirement.amount} atomic units of ${plainText(requirement.asset)}`,
      `    to ${plainText(requirement.payTo)}, within ${requirement.maxTimeoutSeconds} s`,
    );
    const extra = Object.entries(requirement.extra).filter(([key]) => key !== 'name' && key !== 'version');
    for (const [key, value] of extra) lines.push(`    ${plainText(key)}: ${plainText(JSON.stringify(value))}`);
  }
  const named = Object.keys(extensions);
  if (named.length > 0) lines.push('', `  extensions: ${named.map(plainText).join(', ')}`);
  if (error) lines.push('', `  it says: ${plainText(error)}`);
  return lines.join('\n');
}
