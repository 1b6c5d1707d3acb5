/**
 * A development stand-in for dstack's guest agent: its protocol, its derivation and valid chains, from a root that everybody knows. It
 * protects nothing, and says so. Argument: where its socket shall be. It ends when its standard input does.
 *
 * Facts: network-and-tee §3.1–3.3. Answers always carry a Content-Length, as the official client needs.
 */
import { createHash, sign as signBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { createServer } from 'node:http';
import secp256k1 from 'secp256k1';
import { ed25519KeyOf, issue, issueKey, standInRoot } from './derive.ts';

const appCompose = JSON.stringify({ docker_compose_file: '', manifest_version: 2, name: 'freehold-development', runner: 'docker-compose' });
const composeHash = createHash('sha256').update(appCompose).digest('hex');
const issuer = issue(standInRoot, createHash('sha256').update(appCompose).digest().subarray(0, 20));
const appId = issuer.appId.toString('hex');

const text = (body: Record<string, unknown>, name: string) => (typeof body[name] === 'string' ? body[name] : '');
const bytes = (value: string) => {
  const digits = value.startsWith('0x') ? value.slice(2) : value;
  if (!/^([0-9a-fA-F]{2})*$/.test(digits)) throw new Error('invalid hex');
  return Buffer.from(digits, 'hex');
};

const calls: Record<string, (body: Record<string, unknown>) => object> = {
  GetKey(body) {
    const { key, chain } = issueKey(issuer, {
      path: text(body, 'path'),
      purpose: text(body, 'purpose'),
      algorithm: text(body, 'algorithm'),
    });
    return { key: key.toString('hex'), signature_chain: chain.map((link) => link.toString('hex')) };
  },
  Sign(body) {
    const algorithm = text(body, 'algorithm');
    const data = bytes(text(body, 'data'));
    const isEdwards = algorithm === 'ed25519';
    const { key, publicKey, chain } = issueKey(issuer, { path: 'vms', purpose: 'signing', algorithm: isEdwards ? algorithm : 'secp256k1' });
    const signature = isEdwards ? signBytes(null, data, ed25519KeyOf(key)) : signPrehashed(algorithm, data, key);
    return {
      signature: signature.toString('hex'),
      signature_chain: [signature, ...chain].map((link) => link.toString('hex')),
      public_key: publicKey.toString('hex'),
    };
  },
  GetQuote(body) {
    const reportData = bytes(text(body, 'report_data'));
    if (reportData.length > 64) throw new Error('Report data is too long');
    return { quote: '', event_log: '[]', report_data: Buffer.concat([reportData], 64).toString('hex'), vm_config: '{}' };
  },
  Info: () => ({
    app_id: appId,
    instance_id: appId,
    app_cert: '',
    tcb_info: JSON.stringify({
      ...Object.fromEntries(
        ['mrtd', 'rtmr0', 'rtmr1', 'rtmr2', 'rtmr3', 'mr_aggregated', 'os_image_hash', 'device_id'].map((name) => [name, '']),
      ),
      compose_hash: composeHash,
      event_log: [],
      app_compose: appCompose,
    }),
    app_name: 'freehold-development',
    device_id: '',
    mr_aggregated: '',
    os_image_hash: '',
    key_provider_info: JSON.stringify({ name: 'none', id: '' }),
    compose_hash: composeHash,
    vm_config: '{}',
    cloud_vendor: '',
    cloud_product: 'development stand-in (NOT A TEE)',
  }),
  Version: () => ({ version: '0.5.8', rev: 'stand-in' }),
};

function signPrehashed(algorithm: string, data: Buffer, key: Buffer): Buffer {
  if (!['secp256k1', 'k256', 'secp256k1_prehashed'].includes(algorithm)) throw new Error('Unsupported algorithm');
  const digest = algorithm === 'secp256k1_prehashed' ? data : createHash('sha256').update(data).digest();
  if (digest.length !== 32) throw new Error(`Pre-hashed signing requires a 32-byte digest, but received ${digest.length} bytes`);
  return Buffer.from(secp256k1.ecdsaSign(digest, key).signature);
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const [status, answer] = perform((request.url ?? '').slice(1), Buffer.concat(chunks).toString());
    const body = Buffer.from(JSON.stringify(answer));
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
  });
});

function perform(name: string, body: string): [number, object] {
  const call = Object.hasOwn(calls, name) ? calls[name] : undefined;
  if (!call) return [404, { error: `Service not found: ${name}` }];
  try {
    const value: unknown = body === '' ? {} : JSON.parse(body);
    return [200, call(typeof value === 'object' && value !== null ? { ...value } : {})];
  } catch (error) {
    return [400, { error: error instanceof Error ? error.message : String(error) }];
  }
}

const [, , socketPath = ''] = process.argv;
server.listen(socketPath, () => {
  chmodSync(socketPath, 0o600);
  process.stdout.write('ready\n');
});
process.stdin.resume().once('end', () => process.exit());
