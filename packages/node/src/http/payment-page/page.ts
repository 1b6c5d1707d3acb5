import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { networkLabel, type PaymentRequired, type PaymentRequirements } from '@freehold/protocol';

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
const script = read('pay.js');
const style = read('page.css');
const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Its own script and style by their hashes, requests to this node alone, pictures of answers; nobody frames it. */
export const paymentPagePolicy = `default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; connect-src 'self'; img-src blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'`;

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
/** JSON inside of a script element: no `<` can end it. */
const embed = (value: unknown) => JSON.stringify(value).replace(/</g, '\\u003c');

/** What a browser's wallet can pay in a page: one signed transfer, without a channel or a grant. */
const isPayable = ({ scheme, extra }: PaymentRequirements) =>
  scheme === 'exact' && typeof extra['name'] === 'string' && typeof extra['version'] === 'string';

export type PageOption = { terms: PaymentRequirements; price: string };

/** The page that a person sees who opens the address of a function that costs money: what it is, what it costs, and how to pay it here. */
export function paymentPage({ required, options: all }: { required: PaymentRequired; options: readonly PageOption[] }): string {
  const { resource, error = 'Payment required' } = required;
  const options = all.filter(({ terms }) => isPayable(terms));
  const [first] = options;
  const name = nameOf(resource.url);
  const radios = options.map(
    ({ price, terms }, index) =>
      `<label><input type="radio" name="option" value="${index}"${index === 0 ? ' checked' : ''}> <span>${escape(price)} on ${escape(networkLabel(terms.network))}</span></label>`,
  );
  const data = {
    resource,
    options: options.map(({ terms }) => ({ accepted: terms, label: networkLabel(terms.network) })),
  };
  const reason = error.startsWith('Payment required') ? '' : `<p class="problem" role="alert">${escape(error)}</p>`;
  const pay = first
    ? `<section aria-labelledby="pay"><h2 id="pay">Pay with a browser wallet</h2>
<p>Your wallet signs one transfer over this amount. It is carried to the chain when the answer is there; if the function fails, nothing is charged.</p>
${options.length > 1 ? `<fieldset><legend>How to pay</legend>${radios.join('')}</fieldset>` : ''}
<div id="wallets"></div><p id="hint">No wallet was found in this browser. Install one, or pay from a terminal as below.</p>
<p id="status" role="status"></p></section>
<section id="result" tabindex="-1" aria-label="Answer and receipt" hidden></section>`
    : '<section><p>A browser wallet cannot pay this function. Pay from a terminal as below.</p></section>';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<title>${escape(name)} costs ${escape(first?.price ?? 'money')}</title><style>${style}</style></head>
<body><main><header><h1>${escape(name)}</h1>${resource.description === undefined ? '' : `<p>${escape(resource.description)}</p>`}
<p class="price">${first ? `${escape(first.price)} <small>on ${escape(networkLabel(first.terms.network))}, for one call</small>` : escape(all[0]?.price ?? '')}</p>${reason}</header>
${pay}
<section aria-labelledby="terminal"><h2 id="terminal">Pay from a terminal or a program</h2><pre tabindex="0" aria-label="Command">freehold curl --key @wallet.key ${escape(shellQuoted(resource.url))}</pre>
<p>Any x402 client can pay, too: the terms are in the header PAYMENT-REQUIRED.</p></section></main>
${first ? `<script type="application/json" id="terms">${embed(data)}</script><script>${script}</script>` : ''}</body></html>
`;
}

/** The name in the address of a function. */
function nameOf(url: string): string {
  const [segment = ''] = new URL(url).pathname.slice(1).split('/', 1);
  return segment.replace(/\.(cgi|tool|exe)$/, '');
}

const shellQuoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
