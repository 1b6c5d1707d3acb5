import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import * as dagCbor from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import * as digest from 'multiformats/hashes/digest';
import { verifies } from '../../../requirements/verifies.ts';
import { encodeTask, taskDigest, taskIdOf, taskIdOfBlock, taskIdOfDigest, toHex, type TaskPreimage } from './index.ts';

const program = 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e';
const add: TaskPreimage = {
  kind: 'wasm',
  program,
  runtime: 'wasm',
  entry: 'add',
  args: ['6', '7'],
  env: {},
  stdin: new Uint8Array(32),
  inputs: null,
  limits: { memoryBytes: 67_108_864, cpuMs: 10_000, wallMs: 20_000, outputBytes: 8_388_608, fuel: null },
  policy: { clock: 'fixed', random: 'seeded', net: [], fork: false },
  secret: null,
  scope: null,
  nonce: new Uint8Array(0),
};
const everything: TaskPreimage = {
  kind: 'native',
  program,
  runtime: 'linux-x64',
  entry: null,
  args: ['--grüße', ''],
  env: { B: '2', A: '1', LONGER: 'x' },
  stdin: new Uint8Array(32).fill(1),
  inputs: program,
  limits: { memoryBytes: 1, cpuMs: 2, wallMs: 3, outputBytes: 4, fuel: 5 },
  policy: { clock: 'real', random: 'real', net: ['api.example.com:443'], fork: true },
  secret: new Uint8Array(32).fill(2),
  scope: '0x52908400098527886E0F7030069857D2E4169EE7',
  nonce: Uint8Array.of(3),
};

test('the ids of tasks are these, on every node and for ever', () => {
  verifies('compute.task.id');
  assert.equal(taskIdOf(add), 'bafyreicx5zy6wq43v2zvfdxlqtvudus6rviarygicbvbtqpgxopdd44t5i');
  assert.equal(taskIdOf(everything), 'bafyreigxm6zjziuyfi3l66i6v6wjvd3fabuyrprph3hatobusilbxn22u4');
  assert.equal(
    toHex(encodeTask(add)),
    '0xae61760163656e76a064617267738261366137646b696e64647761736d65656e74727963616464656e6f6e6365406573636f7065f665737464696e5820000000000000000000000000000000000000000000000000000000000000000066696e70757473f6666c696d697473a563637075192710636d656d1a04000000636f75741a00800000646675656cf66477616c6c194e2066706f6c696379a4636e65748064666f726bf465636c6f636b6566697865646672616e646f6d6673656564656466736563726574f66770726f6772616dd82a58250001551220b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde96772756e74696d656b7761736d2f63656c6c2d32',
  );
});

test('the block says what is run, and nothing else', () => {
  verifies('compute.task.id');
  const task = { ...everything, price: '1', offer: 'x' };
  assert.deepEqual(dagCbor.decode(encodeTask(task)), {
    v: 1,
    kind: 'native',
    program: CID.parse(program),
    runtime: 'linux-x64/cell-2',
    entry: null,
    args: ['--grüße', ''],
    env: { A: '1', B: '2', LONGER: 'x' },
    stdin: everything.stdin,
    inputs: CID.parse(program),
    limits: { mem: 1, cpu: 2, wall: 3, out: 4, fuel: 5 },
    policy: { clock: 'real', random: 'real', net: ['api.example.com:443'], fork: true },
    secret: everything.secret,
    scope: Uint8Array.from(Buffer.from('52908400098527886E0F7030069857D2E4169EE7', 'hex')),
    nonce: everything.nonce,
  });
  assert.equal(taskIdOf(task), taskIdOf(everything), 'what is no part of a task is no part of its name');
  assert.equal(taskIdOfBlock(encodeTask(task)), taskIdOf(everything));
  const digest = taskDigest(taskIdOf(task));
  assert.match(digest, /^0x[0-9a-f]{64}$/);
  assert.equal(taskIdOfDigest(digest), taskIdOf(task));
});

test('the id changes with each part that can change the outcome, and only then', () => {
  verifies('compute.task.id');
  const others: Partial<TaskPreimage>[] = [
    { kind: 'wasi1' },
    { program: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku' },
    { runtime: 'linux-x64' },
    { entry: 'subtract' },
    { entry: null },
    { args: ['6', '8'] },
    { args: ['67'] },
    { args: ['6', '7', ''] },
    { env: { A: '1' } },
    { env: { A: '', B: '1' } },
    { stdin: new Uint8Array(32).fill(1) },
    { inputs: program },
    ...(['memoryBytes', 'cpuMs', 'wallMs', 'outputBytes', 'fuel'] as const).map((name) => ({ limits: { ...add.limits, [name]: 77 } })),
    { policy: { ...add.policy, clock: 'real' } },
    { policy: { ...add.policy, random: 'real' } },
    { policy: { ...add.policy, net: ['a:1'] } },
    { policy: { ...add.policy, fork: true } },
    { secret: new Uint8Array(32) },
    { scope: '0x52908400098527886E0F7030069857D2E4169EE7' },
    { nonce: Uint8Array.of(0) },
  ];
  const ids = [add, ...others.map((change) => ({ ...add, ...change }))].map(taskIdOf);
  assert.equal(new Set(ids).size, others.length + 1);
  assert.equal(
    taskIdOf({ ...everything, env: { LONGER: 'x', A: '1', B: '2' } }),
    taskIdOf(everything),
    'the order of variables says nothing',
  );
});

test('the block is what the library of DAG-CBOR makes of the same document', () => {
  verifies('compute.task.id');
  const long = (size: number) => 'x'.repeat(size);
  const tasks: TaskPreimage[] = [
    add,
    everything,
    { ...add, args: [long(23), long(24), long(255), long(256), long(65_536), 'ü'.repeat(200), '😀'], nonce: new Uint8Array(300) },
    {
      ...add,
      env: Object.fromEntries(
        Array.from({ length: 40 }, (_, index) => [`${'VNA'[index % 3]}${'_'.repeat(index % 5)}${index}`, `${index}`]),
      ),
    },
    { ...add, env: { é: '1', z: '2', aa: '3', '\u{1F600}': '4', '\uFFFD!': '5', ÿ1: '6', __proto__: '7' } },
    { ...add, limits: { memoryBytes: 0, cpuMs: 23, wallMs: 24, outputBytes: 2 ** 32, fuel: Number.MAX_SAFE_INTEGER } },
    { ...add, limits: { memoryBytes: 255, cpuMs: 256, wallMs: 65_535, outputBytes: 65_536, fuel: 2 ** 32 - 1 } },
    { ...add, program: 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi', inputs: program },
  ];
  for (const task of tasks) {
    const block = encodeTask(task);
    assert.deepEqual(block, dagCbor.encode(dagCbor.decode(block)));
    assert.equal(taskIdOf(task), CID.createV1(dagCbor.code, digest.create(0x12, createHash('sha256').update(block).digest())).toString());
  }
});

test('what has no one encoding is refused', () => {
  const refused = [
    { stdin: new Uint8Array(31) },
    { args: ['\ud800'] },
    { env: { A: '\udc00' } },
    { limits: { ...add.limits, cpuMs: 1.5 } },
    { limits: { ...add.limits, wallMs: Number.NaN } },
    { program: 'not a CID' },
  ];
  for (const change of refused) assert.throws(() => encodeTask({ ...add, ...change }), JSON.stringify(change));
});
