import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { earningsReport, paymentList, paymentSignatureHeader, type OfferSummary } from '@freehold/protocol';
import { createWalletClient, http, parseAbi } from 'viem';
import { anvil } from 'viem/chains';
import { WebSocket } from 'ws';
import { verifies } from '../../../requirements/verifies.ts';
import { toCsv } from './csv.ts';
import { arithmetic } from './testing/modules.ts';
import { paymentFor, termsOf } from './testing/pay.ts';
import { expectJson, sell, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

let node: TestNode;
let owner: Person;
let member: Person;
let offers: OfferSummary[];

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
  member = await node.letIn(owner, 'member');
  offers = [
    await sell(node, owner, { program: arithmetic, name: 'first' }),
    await sell(node, owner, { program: arithmetic, name: 'second', amount: '12345678' }),
    await sell(node, member, { program: arithmetic, name: 'third' }),
  ];
});
after(() => node.end());

const token = () => node.info.token ?? assert.fail();
const buy = async (url: string, payer: Awaited<ReturnType<TestNode['payer']>>) =>
  fetch(url, { headers: { [paymentSignatureHeader]: await paymentFor(payer, await termsOf(url), token()) } });
const reportOf = async (person: Person, query = '') =>
  earningsReport.parse(await expectJson(await person.fetch(`/api/earnings/report?${query}`)));

test('a seller sees what was earned per offer, payer and day, and what was released', async () => {
  verifies('payments.earnings.window');
  const [first, second, third] = offers as [OfferSummary, OfferSummary, OfferSummary];
  const [regular, once] = [await node.payer(), await node.payer()];
  for (const query of ['a=1&b=1', 'a=1&b=2', 'a=1&b=3']) assert.equal((await buy(`${first.url}/add?${query}`, regular)).status, 200);
  assert.equal((await buy(`${second.url}/add?a=1&b=1`, once)).status, 200);
  assert.equal((await buy(`${third.url}/add?a=1&b=1`, once)).status, 200);
  assert.equal((await buy(`${first.url}/fail`, once)).status, 502);

  const mine = await reportOf(owner);
  const sum = { network: token().network, asset: token().asset };
  assert.deepEqual(mine.settled, [{ ...sum, amount: '12348678', payments: 4 }]);
  const perOffer = new Map(mine.offers.map(({ name, amount, payments }) => [name, [amount, payments]]));
  assert.deepEqual([perOffer.size, perOffer.get('first'), perOffer.get('second')], [2, ['3000', 3], ['12345678', 1]]);
  assert.deepEqual(mine.days, [{ ...sum, amount: '12348678', payments: 4, day: new Date().toISOString().slice(0, 10) }]);
  assert.deepEqual(
    mine.payers.map(({ payer, amount, payments }) => [payer, amount, payments]),
    [
      [regular.address, '3000', 3],
      [once.address, '12345678', 1],
    ],
  );
  assert.deepEqual(mine.released, [{ ...sum, amount: '1000', payments: 1 }]);
  assert.deepEqual([mine.pending, mine.exposure, mine.failed, mine.failures], [[], [], [], []]);
  assert.deepEqual((await reportOf(member)).settled, [{ ...sum, amount: '1000', payments: 1 }]);
  assert.equal((await reportOf(owner, 'all=true')).settled[0]?.payments, 5);
  assert.equal((await member.fetch('/api/earnings/report?all=true')).status, 403);
  assert.equal((await fetch(`${node.url}/api/earnings/report`)).status, 401);
});

test('a payment that could not be settled is told at once, counted as failed, and not as earned', async () => {
  verifies('payments.earnings.alert', 'payments.earnings.window');
  const [first] = offers as [OfferSummary];
  const socket = new WebSocket(`${node.url.replace('http', 'ws')}/api/events`, { headers: { authorization: `Bearer ${owner.token}` } });
  await once(socket, 'open');
  const told = new Promise<Record<string, string>>((resolve) => {
    socket.on('message', (text: Buffer) => {
      const event = JSON.parse(text.toString());
      if (event.type === 'unpaid') resolve(event);
    });
  });
  const payer = await node.payer();
  const url = `${first.url}/spin?n=300000000`;
  const header = await paymentFor(payer, await termsOf(url), token());
  const calling = fetch(url, { headers: { [paymentSignatureHeader]: header } });
  // While it runs, the payer spends what he has promised.
  const wallet = createWalletClient({ account: payer, chain: anvil, transport: http(node.info.rpcUrl ?? '') });
  const abi = parseAbi(['function transfer(address to, uint256 value)']);
  await wallet.writeContract({
    address: token().asset,
    abi,
    functionName: 'transfer',
    args: [owner.address, await node.balanceOf(payer.address)],
  });
  const response = await calling;
  assert.equal(response.status, 402);
  assert.partialDeepStrictEqual(await told, {
    type: 'unpaid',
    offer: first.id,
    amount: '1000',
    payer: payer.address,
    reason: 'insufficient_funds',
  });
  socket.close();
  const { failed, failures, settled } = await reportOf(owner);
  assert.deepEqual([failed[0]?.payments, failed[0]?.amount, failures[0]?.payer], [1, '1000', payer.address]);
  assert.equal(settled[0]?.amount, '12348678');
});

test('payments come in pages, and as a table that no spreadsheet executes', async () => {
  verifies('payments.earnings.window');
  const page = async (query: string) => paymentList.parse(await expectJson(await owner.fetch(`/api/earnings/payments?${query}`)));
  const first = await page('limit=4');
  const rest = await page(`limit=10&before=${first.next}`);
  assert.deepEqual([first.payments.length, rest.payments.length, rest.next], [4, 2, null]);
  assert.equal(new Set([...first.payments, ...rest.payments].map(({ id }) => id)).size, 6);

  const response = await owner.fetch('/api/earnings.csv');
  assert.match(response.headers.get('content-disposition') ?? '', /^attachment; filename="earnings\.csv"$/);
  const lines = (await response.text()).trimEnd().split('\r\n');
  assert.equal(lines.length, 7);
  assert.match(lines[0] ?? '', /^"id","time","offer","state","amount","token","network","payer","payee","scheme","transaction","reason"$/);
  assert(lines.some((line) => line.includes('"second","settled","12.345678","USDC"')));
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx']) assert.match(toCsv([text]), /^"'/, JSON.stringify(text));
  assert.equal(toCsv(['plain', 'say "hi", now']), '"plain","say ""hi"", now"\r\n');
});
