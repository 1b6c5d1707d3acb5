// Runs in the page that asks for a payment: finds the browser's wallets, has the terms signed by one, and repeats the request. It is sent as it
// stands, with its hash in the page's policy; it loads nothing, and all that it shows is text.
const { resource, options } = JSON.parse(document.getElementById('terms').textContent);
const walletList = document.getElementById('wallets');
const hint = document.getElementById('hint');
const status = document.getElementById('status');
const result = document.getElementById('result');
/** A wallet asks for a new nonce only when nothing is under way: what was signed once is sent again, never signed anew. */
let pending;

const element = (name, text, attributes = {}) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

function say(text, isProblem = false) {
  status.textContent = text;
  status.className = isProblem ? 'problem' : '';
}

const chosen = () => options[Number(document.querySelector('input[name="option"]:checked')?.value ?? 0)];
const toBase64 = (value) => btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(value))));
const fromBase64 = (text) => JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0))));

// EIP-6963: every wallet announces itself; one that does not is `window.ethereum`.
const known = new Set();
function addWallet(provider, name) {
  if (known.has(provider)) return;
  known.add(provider);
  hint.hidden = true;
  const button = element('button', `Pay with ${name}`, { type: 'button' });
  button.addEventListener('click', () => void payWith(provider));
  walletList.append(button);
}
window.addEventListener('eip6963:announceProvider', ({ detail }) => addWallet(detail.provider, detail.info?.name ?? 'your wallet'));
window.dispatchEvent(new Event('eip6963:requestProvider'));
setTimeout(() => {
  if (known.size === 0 && window.ethereum) addWallet(window.ethereum, 'your wallet');
}, 300);

async function payWith(provider) {
  for (const button of walletList.children) button.disabled = true;
  try {
    pending ??= await sign(provider, chosen());
    await send(pending);
  } catch (error) {
    const isRefused = error?.code === 4001;
    say(isRefused ? 'Nothing was signed and nothing was paid.' : (error?.message ?? String(error)), !isRefused);
  } finally {
    for (const button of walletList.children) button.disabled = false;
  }
}

/** Moves the wallet to the network of the terms. */
async function useNetwork(provider, { network, label }) {
  const chainId = `0x${BigInt(network.slice('eip155:'.length)).toString(16)}`;
  if ((await provider.request({ method: 'eth_chainId' })) === chainId) return;
  try {
    await provider.request({ method: 'wallet_switchEthereumChain', params: [{ chainId }] });
  } catch (error) {
    if (error?.code === 4001) throw error;
    throw new Error(`Your wallet does not know ${label} (chain ${BigInt(chainId)}). Add the network to it, then pay again.`, {
      cause: error,
    });
  }
}

async function sign(provider, { accepted, label }) {
  say('Waiting for your wallet …');
  const [from] = await provider.request({ method: 'eth_requestAccounts' });
  await useNetwork(provider, { network: accepted.network, label });
  const nonce = `0x${Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  const validBefore = String(Math.floor(Date.now() / 1000) + accepted.maxTimeoutSeconds);
  const authorization = { from, to: accepted.payTo, value: accepted.amount, validAfter: '0', validBefore, nonce };
  const { name, version } = accepted.extra;
  const field = (type) => (fieldName) => ({ name: fieldName, type });
  const typedData = {
    domain: { name, version, chainId: Number(accepted.network.slice('eip155:'.length)), verifyingContract: accepted.asset },
    primaryType: 'TransferWithAuthorization',
    types: {
      EIP712Domain: [...['name', 'version'].map(field('string')), field('uint256')('chainId'), field('address')('verifyingContract')],
      TransferWithAuthorization: [
        ...['from', 'to'].map(field('address')),
        ...['value', 'validAfter', 'validBefore'].map(field('uint256')),
        field('bytes32')('nonce'),
      ],
    },
    message: authorization,
  };
  const signature = await provider.request({ method: 'eth_signTypedData_v4', params: [from, JSON.stringify(typedData)] });
  return toBase64({ x402Version: 2, resource, accepted, payload: { signature, authorization } });
}

async function send(payment) {
  say('Paid work is under way …');
  for (;;) {
    const response = await fetch(location.href, {
      headers: { 'payment-signature': payment, accept: '*/*;q=0.9, application/json' },
      credentials: 'omit',
      cache: 'no-store',
    }).catch(() => undefined);
    // The answer may be lost when all is paid: the same payment finds it again, and is never charged twice.
    if (!response) throw new Error('The connection broke. Press the button again: the same payment is sent, and is charged once.');
    if (response.status === 202) {
      say('The payment is on its way to the chain …');
      await new Promise((resolve) => setTimeout(resolve, 2000));
      continue;
    }
    await show(response);
    return;
  }
}

async function show(response) {
  const settled = response.headers.get('payment-response');
  const receipt = response.headers.get('x-freehold-receipt');
  const type = response.headers.get('content-type') ?? '';
  if (response.status === 402) {
    pending = undefined;
    const terms = response.headers.get('payment-required');
    throw new Error(terms ? fromBase64(terms).error : 'The payment was not taken.');
  }
  if (response.status >= 500)
    throw new Error(`The function failed (${response.status}), and nothing was charged. The same payment can be sent again.`);
  pending = undefined;
  const blob = await response.blob();
  const isPaid = settled !== null && fromBase64(settled).success;
  say(isPaid ? 'Paid. This is the answer.' : `This is the answer (${response.status}). Nothing was charged.`);
  result.replaceChildren(element('h2', 'Answer'), await asElement(blob, type));
  const link = element('a', 'Download the answer', { download: 'answer' });
  link.href = URL.createObjectURL(new Blob([blob], { type: 'application/octet-stream' }));
  result.append(link);
  if (isPaid) result.append(element('h2', 'Receipt'), facts(fromBase64(settled), receipt));
  result.hidden = false;
  result.focus();
}

async function asElement(blob, type) {
  if (/^image\/(png|jpeg|gif|webp|avif)\b/.test(type)) {
    const image = element('img', undefined, { alt: 'The answer of the function' });
    image.src = URL.createObjectURL(blob);
    return image;
  }
  const isText = /^(text\/|application\/(json|xml|javascript|problem\+json))/.test(type);
  if (!isText) return element('p', `${blob.size} bytes of ${type || 'an unknown type'}`);
  const text = await blob.slice(0, 100_000).text();
  return element('pre', text === '' ? '(empty)' : text, { tabindex: '0', 'aria-label': 'The answer of the function' });
}

function facts({ transaction, network, payer }, receipt) {
  const list = element('dl');
  const add = (name, value) => list.append(element('dt', name), element('dd', value));
  add('Transaction', transaction);
  add('Network', network);
  add('Payer', payer);
  if (receipt !== null) {
    const { receipt: signed, signer } = fromBase64(receipt);
    add('Task', signed.task);
    add('Signed by the node', signer);
  }
  return list;
}
