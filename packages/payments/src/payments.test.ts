import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodePaymentRequired, decodePaymentPayload, encodePaymentPayload, hashTypedData, offerIdOf, toAddress } from '@freehold/protocol';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import { encodeDeployData, encodeFunctionData, hashTypedData as hashWithViem, hexToBytes as viemBytes, parseAbi } from 'viem';
import contracts from '../../contracts/artifacts/TestUSDC.json' with { type: 'json' };
import { verifies } from '../../../requirements/verifies.ts';
import { PaymentError } from './error.ts';
import { account, call, openWorld, pay, price, seller, urlOf, type Account } from './testing/world.ts';

const world = await openWorld();
after(() => world.close());

/** Lets anvil act for an address, to move its money behind the node's back. */
async function sendAs(from: `0x${string}`, to: `0x${string}` | undefined, data: `0x${string}`) {
  const request = world.client.request as (call: { method: string; params: unknown[] }) => Promise<unknown>;
  await request({ method: 'anvil_impersonateAccount', params: [from] });
  await request({ method: 'anvil_setBalance', params: [from, '0xde0b6b3a7640000'] });
  const hash = (await request({ method: 'eth_sendTransaction', params: [{ from, to, data }] })) as `0x${string}`;
  const receipt = await world.client.waitForTransactionReceipt({ hash, pollingInterval: 5 });
  assert.equal(receipt.status, 'success');
  return receipt;
}

const transfer = (to: `0x${string}`, amount: bigint) =>
  encodeFunctionData({ abi: parseAbi(['function transfer(address to, uint256 value)']), args: [to, amount] });

test('a paid call moves the price from the payer to the seller and says so', async () => {
  const payer = await world.payer(10_000n);
  const offer = world.offer('happy');
  const before = await world.balance(seller);
  const heard: string[] = [];
  const stopListening = world.payments.onSettled(({ offerId }) => heard.push(offerId));
  const answer = await call(world.payments, { offer, header: await pay({ required: world.required(offer), payer }) });
  stopListening();
  assert.equal(answer.status, 200);
  assert.equal(answer.body, 'result');
  assert(answer.outcome?.kind === 'settled');
  assert.deepEqual(answer.outcome.response, {
    success: true,
    payer: payer.address,
    transaction: answer.outcome.reservation.transaction,
    network: world.chain.network,
    amount: String(price),
  });
  assert.equal(await world.balance(payer.address), 10_000n - price);
  assert.equal(await world.balance(seller), before + price);
  assert.deepEqual(heard, [offerIdOf(offer)]);
  const [total] = await world.payments.earnings({ offerId: offerIdOf(offer) });
  assert.equal(total?.amount, price);
  assert.equal(total?.payments, 1);
  const [latest] = await world.payments.history({ payer: payer.address, limit: 5 });
  assert.equal(latest?.state, 'settled');
});

test('one authorization sent 20 times in parallel runs once, is paid once, and all 20 get the result', async () => {
  verifies('foundation.pay.once', 'payments.attack.parallel');
  const payer = await world.payer(10_000n);
  const offer = world.offer('once');
  const header = await pay({ required: world.required(offer), payer });
  let runs = 0;
  const run = async () => {
    runs++;
    await sleep(30);
    return `result ${runs}`;
  };
  const answers = await Promise.all(Array.from({ length: 20 }, () => call(world.payments, { offer, header, run })));
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body]),
    Array.from({ length: 20 }, () => [200, 'result 1']),
  );
  assert.equal(runs, 1);
  assert.equal(await world.balance(payer.address), 10_000n - price);

  const later = await call(world.payments, { offer, header, run });
  assert.deepEqual([later.status, later.body, runs], [200, 'result 1', 1]);
  assert.equal(await world.balance(payer.address), 10_000n - price);
});

test('ten authorizations from a wallet with money for one run once', async () => {
  verifies('foundation.pay.exposure', 'payments.attack.exposure');
  const payer = await world.payer(price);
  const offer = world.offer('exposure');
  const headers = await Promise.all(Array.from({ length: 10 }, () => pay({ required: world.required(offer), payer })));
  let runs = 0;
  const run = async () => {
    runs++;
    await sleep(50);
    return 'result';
  };
  const answers = await Promise.allSettled(
    headers.map((header, index) => call(world.payments, { offer, header, run, request: String(index) })),
  );
  assert.equal(runs, 1);
  assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const answer of answers) {
    if (answer.status === 'rejected') assert.equal(answer.reason instanceof PaymentError && answer.reason.code, 'payment_exposure');
  }
  assert.equal(await world.balance(payer.address), 0n);
});

test('what one wallet may have unsettled is capped, whatever it holds', async () => {
  const payer = await world.payer(100_000_000n);
  const offer = world.offer('cap', 4_500_000n);
  const headers = await Promise.all(Array.from({ length: 5 }, () => pay({ required: world.required(offer), payer })));
  const running = Promise.withResolvers<string>();
  let started = 0;
  const all = Promise.withResolvers<void>();
  const run = () => {
    if (++started === 4) all.resolve();
    return running.promise;
  };
  const [last = '', ...first] = headers;
  const answers = first.map((header, index) => call(world.payments, { offer, header, request: String(index), run }));
  await all.promise;
  await assert.rejects(call(world.payments, { offer, header: last, request: 'last' }), { code: 'payment_exposure', status: 402 });
  running.resolve('done');
  for (const answer of await Promise.all(answers)) assert.equal(answer.status, 200);
  assert.equal((await call(world.payments, { offer, header: last, request: 'last' })).status, 200);
});

test('a payment for one function is refused on another: by the ledger, by its resource, by its bound nonce', async () => {
  verifies('foundation.pay.bound');
  const payer = await world.payer(10_000n);
  const a = world.offer('a');
  const b = world.offer('b');
  const bound = await pay({ required: world.required(a), payer });
  await assert.rejects(call(world.payments, { offer: b, header: bound }), {
    code: 'payment_invalid',
    message: /another function|not for this function/,
  });

  // A thief rewrites all that is not signed. The nonce still speaks.
  const forged = { ...decodePaymentPayload(bound), resource: world.required(b).resource, extensions: {} };
  await assert.rejects(call(world.payments, { offer: b, header: encodePaymentPayload(forged) }), {
    code: 'payment_invalid',
    message: /bound/,
  });

  // A stock client's nonce says nothing, but what was presented on one function is spent there.
  const stock = encodePaymentPayload(await stockPayload(world.required(a), payer));
  assert.equal((await call(world.payments, { offer: a, header: stock })).status, 200);
  const { resource: _, extensions: __, ...bare } = decodePaymentPayload(stock);
  await assert.rejects(call(world.payments, { offer: b, header: encodePaymentPayload(bare) }), { code: 'payment_conflict', status: 409 });
  await assert.rejects(call(world.payments, { offer: a, header: stock, request: 'another body' }), {
    code: 'payment_conflict',
    status: 409,
  });
  assert.equal(await world.balance(payer.address), 10_000n - price);
});

/** The payload that the stock x402 client makes of our terms. */
async function stockPayload(required: ReturnType<typeof world.required>, payer: Account) {
  const scheme = new ExactEvmScheme({
    address: payer.address,
    signTypedData: (data) => payer.signDigest(viemBytes(hashWithViem(data as Parameters<typeof hashWithViem>[0]))),
  });
  const [requirement] = required.accepts;
  assert(requirement);
  const { x402Version: _, ...created } = await scheme.createPaymentPayload(2, requirement as never);
  return {
    x402Version: 2 as const,
    resource: required.resource,
    accepted: requirement,
    extensions: required.extensions,
    ...created,
  } as ReturnType<typeof decodePaymentPayload>;
}

test('a function that fails charges nothing, and the same payment buys the next attempt', async () => {
  verifies('foundation.pay.failure-free', 'payments.attack.failure');
  const payer = await world.payer(price);
  const offer = world.offer('failing');
  const header = await pay({ required: world.required(offer), payer });
  const failed = await call(world.payments, { offer, header, run: () => Promise.reject(new Error('no')) });
  assert.equal(failed.outcome?.kind, 'released');
  assert.equal(await world.balance(payer.address), price);
  const [released] = await world.payments.history({ payer: payer.address, limit: 1 });
  assert.equal(released?.reason, 'function_failed');
  await assert.rejects(call(world.payments, { offer, header, request: 'another' }), { code: 'payment_conflict' });

  assert.equal((await call(world.payments, { offer, header })).status, 200);
  assert.equal(await world.balance(payer.address), 0n);
});

test('callers that joined a failing call are told that nothing was charged', async () => {
  const payer = await world.payer(price);
  const offer = world.offer('failing-joined');
  const header = await pay({ required: world.required(offer), payer });
  const run = async () => {
    await sleep(50);
    throw new Error('no');
  };
  const answers = await Promise.all([call(world.payments, { offer, header, run }), call(world.payments, { offer, header, run })]);
  assert.deepEqual(
    answers.map(({ outcome }) => outcome?.kind),
    ['released', 'released'],
  );
});

test('a client that empties its wallet during the work gets no result, is kept out for a while, and can pay later for what was withheld', async () => {
  const payer = await world.payer(price);
  const offer = world.offer('emptied');
  const header = await pay({ required: world.required(offer), payer });
  const sent = await world.client.getTransactionCount({ address: world.keeper.address });
  const emptied = await call(world.payments, {
    offer,
    header,
    run: async () => {
      await sendAs(payer.address, world.chain.token.asset, transfer(seller, price));
      return 'secret';
    },
  });
  assert.equal(emptied.status, 402);
  assert.equal(emptied.body, undefined);
  assert(emptied.outcome?.kind === 'unpaid');
  assert.deepEqual(emptied.outcome.response, {
    success: false,
    errorReason: 'insufficient_funds',
    payer: payer.address,
    transaction: '',
    network: world.chain.network,
  });

  assert.equal(await world.client.getTransactionCount({ address: world.keeper.address }), sent, 'no gas is spent on what would revert');
  await assert.rejects(call(world.payments, { offer, header }), { code: 'payment_unpaid', status: 402 });
  await world.chain.fund(payer.address, price * 2n);
  const another = await pay({ required: world.required(offer), payer });
  await assert.rejects(call(world.payments, { offer, header: another, request: 'more' }), {
    code: 'payment_exposure',
    message: /It can pay here again at/,
  });
  let runs = 0;
  const paid = await call(world.payments, { offer, header, run: async () => String(++runs) });
  assert.deepEqual([paid.status, paid.body, runs], [200, 'secret', 0]);
  assert.equal(await world.balance(payer.address), price);
});

test('a contract wallet pays when it vouches for the signature (ERC-1271), and not otherwise', async () => {
  const owner = account();
  const { abi, bytecode } = contracts.TestWallet;
  const data = encodeDeployData({ abi, bytecode: bytecode as `0x${string}`, args: [owner.address] });
  const receipt = await sendAs(account().address, undefined, data);
  assert(receipt.contractAddress);
  const wallet = toAddress(receipt.contractAddress);
  await world.chain.fund(wallet, 10_000n);
  const offer = world.offer('contract-wallet');
  const required = world.required(offer);

  const stranger = { ...account(), address: wallet };
  await assert.rejects(async () => call(world.payments, { offer, header: await pay({ required, payer: stranger }) }), {
    code: 'payment_invalid',
  });
  const answer = await call(world.payments, { offer, header: await pay({ required, payer: { ...owner, address: wallet } }) });
  assert.equal(answer.status, 200);
  assert.equal(await world.balance(wallet), 10_000n - price);
});

test('an authorization that was used before it came here is refused; one that somebody else carries during the work counts as paid', async () => {
  const payer = await world.payer(10_000n);
  const offer = world.offer('carried');
  const carry = async (header: string) => {
    const { payload } = decodePaymentPayload(header) as unknown as {
      payload: { signature: `0x${string}`; authorization: Record<string, string> };
    };
    const { from, to, value, validAfter, validBefore, nonce } = payload.authorization;
    const data = encodeFunctionData({
      abi: parseAbi(['function transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)']),
      args: [from, to, BigInt(value ?? 0), BigInt(validAfter ?? 0), BigInt(validBefore ?? 0), nonce, payload.signature] as never,
    });
    return sendAs(account().address, world.chain.token.asset, data);
  };
  const used = await pay({ required: world.required(offer), payer });
  await carry(used);
  await assert.rejects(call(world.payments, { offer, header: used }), {
    code: 'payment_invalid',
    details: { errorReason: 'invalid_transaction_state' },
  });

  const header = await pay({ required: world.required(offer), payer });
  let transaction = '';
  const answer = await call(world.payments, {
    offer,
    header,
    run: async () => {
      transaction = (await carry(header)).transactionHash;
      return 'result';
    },
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.outcome?.reservation.transaction, transaction);
  assert.equal(await world.balance(payer.address), 10_000n - 2n * price);
});

test('an authorization that its payer cancels during the work is unpaid', async () => {
  const payer = await world.payer(10_000n);
  const offer = world.offer('cancelled');
  const header = await pay({ required: world.required(offer), payer });
  const nonce = (decodePaymentPayload(header).payload as { authorization: { nonce: `0x${string}` } }).authorization.nonce;
  const { token } = world.chain;
  const signature = await payer.signDigest(
    hashTypedData({
      domain: { ...token.domain, chainId: 31337, verifyingContract: token.asset },
      domainFields: [
        { name: 'name', type: 'string' },
        { name: 'version', type: 'string' },
        { name: 'chainId', type: 'uint256' },
        { name: 'verifyingContract', type: 'address' },
      ],
      primaryType: 'CancelAuthorization',
      fields: [
        { name: 'authorizer', type: 'address' },
        { name: 'nonce', type: 'bytes32' },
      ],
      message: { authorizer: payer.address, nonce },
    }),
  );
  const answer = await call(world.payments, {
    offer,
    header,
    run: async () => {
      const abi = parseAbi(['function cancelAuthorization(address authorizer, bytes32 nonce, bytes signature)']);
      await sendAs(account().address, token.asset, encodeFunctionData({ abi, args: [payer.address, nonce, signature] }));
      return 'secret';
    },
  });
  assert.equal(answer.status, 402);
  assert.equal(answer.outcome?.kind, 'unpaid');
  assert.equal(await world.balance(payer.address), 10_000n);
});

test('50 payers at once each get one run and pay once', async () => {
  const offer = world.offer('crowd');
  const payers = await Promise.all(Array.from({ length: 50 }, () => world.payer(price)));
  const before = await world.balance(seller);
  let runs = 0;
  const answers = await Promise.all(
    payers.map(async (payer, index) =>
      call(world.payments, {
        offer,
        header: await pay({ required: world.required(offer), payer }),
        request: String(index),
        run: async () => String(++runs),
      }),
    ),
  );
  assert(answers.every(({ status }) => status === 200));
  assert.equal(runs, 50);
  assert.equal(await world.balance(seller), before + 50n * price);
  const [total] = await world.payments.earnings({ offerId: offerIdOf(offer) });
  assert.equal(total?.amount, 50n * price);
});

test('steps out of order are refused', async () => {
  const payer = await world.payer(price);
  const offer = world.offer('order');
  const header = await pay({ required: world.required(offer), payer });
  const admission = await world.payments.admit({
    header,
    offer,
    offerId: offerIdOf(offer),
    url: urlOf(offer),
    taskId: 'task',
    requestHash: 'request',
  });
  assert(admission.kind === 'reserved');
  await assert.rejects(world.payments.executed(admission.reservation, 'early'), { code: 'payment_state' });
  await world.payments.begin(admission.reservation);
  await assert.rejects(world.payments.begin(admission.reservation), { code: 'payment_state' });
  await world.payments.release(admission.reservation, 'test');
});

test('the terms fit in a header, and a price in an unknown token is not offered', () => {
  const offer = world.offer('terms');
  assert(encodePaymentRequired(world.required(offer)).length < 2_000);
  const foreign = { ...offer, prices: offer.prices.map((one) => ({ ...one, network: 'eip155:1' })) };
  assert.throws(() => world.required(foreign), { code: 'payment_unavailable', status: 503 });
});
