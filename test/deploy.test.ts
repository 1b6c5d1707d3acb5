import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { verifies } from '../requirements/verifies.ts';

const root = join(import.meta.dirname, '..');
const cvm = (...args: string[]) =>
  execFileSync(process.execPath, [join(root, 'deploy/cvm.ts'), ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const image = `ghcr.io/somebody/freehold@sha256:${'ab'.repeat(32)}`;

test('in the confidential VM the key service is in the keeper’s container alone, and the file has the form that dstack measures', async () => {
  verifies('wallet.deploy');
  const text = cvm('--image', image, '--origin', 'https://cloud.example.org');
  const document = JSON.parse(text);
  const { services } = parse(document.docker_compose_file);
  const having = Object.keys(services).filter((name) => services[name].volumes.some((volume: string) => volume.includes('dstack.sock')));
  assert.deepEqual(having, ['keeper']);
  assert.equal(services.keeper.network_mode, 'none');
  assert.equal(services.keeper.read_only, true);
  for (const service of Object.values<Record<string, unknown>>(services)) {
    assert.equal(service['image'], image);
    assert.equal('build' in service, false, 'only text travels');
    assert.deepEqual(service['cap_drop'], ['ALL']);
  }
  assert.equal(services.node.environment.FREEHOLD_ORIGIN, 'https://cloud.example.org');
  // The official tool sorts the keys again before it hashes: the bytes must be what it would write.
  const { getComposeHash } = await import('../packages/identity/src/testing/official-hash.ts');
  assert.equal(getComposeHash(document), createHash('sha256').update(text).digest('hex'));
});

test('an image without a digest and values that could leave their place are refused', () => {
  for (const args of [
    ['--image', 'freehold:latest'],
    [],
    ['--image', image, '--origin', 'https://x"\n  evil:'],
    ['--image', image, '--owner', '${SECRET}'],
  ])
    assert.throws(() => cvm(...args), { status: 2 });
});

test('the compose file for a home drops every capability and keeps to the machine', () => {
  verifies('wallet.deploy');
  const { services } = parse(readFileSync(join(root, 'deploy/compose.yml'), 'utf8'));
  assert.deepEqual(services.node.cap_drop, ['ALL']);
  assert.ok(services.node.ports.every((port: string) => port.startsWith('127.0.0.1:')));
  const dockerfile = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8');
  assert.match(dockerfile, /^USER node$/m);
  assert.match(dockerfile, /^HEALTHCHECK /m);
});
