import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openOtherChain } from '../../../../contracts/src/testing/other-chain.ts';
import { toAddress, type Token } from '@freehold/protocol';
import { verifies } from '../../../../../requirements/verifies.ts';
import { connectChain } from './chain.ts';
import { checkToken } from './check-token.ts';

const usdc: Token = {
  network: 'eip155:84532',
  asset: toAddress('0x036cbd53842c5426634e7929541ec2318f3dcf7e'),
  symbol: 'USDC',
  decimals: 6,
  domain: { name: 'USDC', version: '2' },
};
const chain = await openOtherChain({ chainId: 84532, token: usdc });
after(() => chain.stop());
const events: string[] = [];
const connect = (...rpcUrls: string[]) =>
  connectChain(
    { network: usdc.network, rpcUrls },
    { now: Date.now, log: (event, fields) => events.push(`${event} ${JSON.stringify(fields)}`) },
  );
const check = (changes: Partial<Token>, url = chain.rpcUrl) => checkToken({ chain: connect(url), token: { ...usdc, ...changes } });

test('a token is held against the chain, and the sentence says which value is right', async () => {
  verifies('payments.networks.domain');
  assert.deepEqual(await check({}), { kind: 'right' });
  const wrong = await check({ domain: { name: 'USD Coin', version: '2' } });
  assert.partialDeepStrictEqual(wrong, { kind: 'wrong' });
  assert.match(
    wrong.kind === 'wrong' ? wrong.sentence : '',
    /does not sign under the name "USD Coin" and version "2": the right values are "domain": \{"name":"USDC","version":"2"\}\.$/,
  );
  const decimals = await check({ decimals: 18 });
  assert.match(decimals.kind === 'wrong' ? decimals.sentence : '', /has 6 decimals, not 18/);
});

test('what is no such token, and a chain that does not answer, are told apart', async () => {
  const [empty] = await chain.request<`0x${string}`[]>('eth_accounts', []);
  assert.equal((await check({ asset: toAddress(empty ?? '') })).kind, 'wrong');
  assert.equal((await check({}, 'http://127.0.0.1:1')).kind, 'unreachable');
});

test('a server that answers for another chain is not believed, and the next one is asked', async () => {
  verifies('payments.networks.failover');
  const other = await openOtherChain({ chainId: 8453, token: usdc });
  try {
    assert.equal((await check({}, other.rpcUrl)).kind, 'unreachable');
    assert.match(events.join('\n'), /chain\.wrong_id .*"said":"0x2105"/);
    assert.deepEqual(await checkToken({ chain: connect('http://127.0.0.1:1', other.rpcUrl, chain.rpcUrl), token: usdc }), {
      kind: 'right',
    });
  } finally {
    await other.stop();
  }
});
