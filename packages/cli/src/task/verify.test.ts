import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { receiptTypedData, type Receipt } from '@freehold/protocol';
import { verifies } from '../../../../requirements/verifies.ts';
import { openWallet } from '../key/wallet.ts';
import { verify, type Evidence } from './verify.ts';

const output = Buffer.from('13\n');
const task = { id: 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy', offer: 'ab'.repeat(32) };
const node = openWallet(Buffer.alloc(32, 7));
const receipt: Receipt = {
  version: 1,
  task: task.id,
  offer: task.offer,
  payer: node.address,
  network: 'eip155:31337',
  asset: node.address,
  amount: '1000',
  nonce: `0x${'01'.repeat(32)}`,
  transaction: `0x${'02'.repeat(32)}`,
  output: `0x${createHash('sha256').update(output).digest('hex')}`,
  issuedAt: 1,
};
const sign = async (document: Receipt) => ({
  receipt: document,
  signer: node.address,
  signature: await node.signTypedData(receiptTypedData(document)),
});

test('a receipt holds only when signature, signer, task, offer and output all do', async () => {
  verifies('foundation.cli', 'compute.task.signed');
  const signed = await sign(receipt);
  const good = { task: task.id, offer: task.offer, signers: [node.address], stdout: output };
  const failing = (change: Partial<Evidence>, document = signed) =>
    verify(document, { ...good, ...change }).checks.flatMap(({ ok }, index) => (ok ? [] : [index]));
  assert.equal(verify(signed, good).holds, true);
  assert.deepEqual(failing({}, { ...signed, receipt: { ...receipt, amount: '1' } }), [0]);
  assert.deepEqual(failing({}, { ...signed, signer: openWallet(Buffer.alloc(32, 8)).address }), [0, 1]);
  assert.deepEqual(failing({ signers: [] }), [1]);
  assert.deepEqual(failing({}, await sign({ ...receipt, task: 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e' })), [2]);
  assert.deepEqual(failing({}, await sign({ ...receipt, offer: 'cd'.repeat(32) })), [3]);
  assert.deepEqual(failing({ stdout: Buffer.from('14\n') }), [4]);
  assert.deepEqual(failing({ block: Buffer.from('another') }), [5]);
});
