import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { verifies } from '../../../requirements/verifies.ts';
import { DriveError, type DriveHandle, type OnConflict } from './index.ts';
import { textStream } from './testing/key-stream.ts';
import { ModelTree, type ModelEntry } from './testing/model-tree.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

const long = process.env['FREEHOLD_LONG'] === '1';
const keepVersions = 2;

/** Few names and few contents, so that collisions, replacements and equal contents are common. */
const name = fc.constantFrom('a', 'b', '\u00E9', 'e\u0301', 'a (2)', '..');
const content = fc.constantFrom('', 'x', 'yy', 'z'.repeat(70_000));
const onConflict = fc.constantFrom<OnConflict>('fail', 'rename', 'replace');
/** Picks among the root, all entries that exist, and one that does not. */
const pick = fc.nat(1000);
const operation = fc.oneof(
  fc.record({ op: fc.constant('folder' as const), parent: pick, name, onConflict: fc.constantFrom('fail' as const, 'rename' as const) }),
  fc.record({ op: fc.constant('write' as const), parent: pick, name, content, onConflict }),
  fc.record({
    op: fc.constant('move' as const),
    id: pick,
    parent: fc.option(pick, { nil: undefined }),
    name: fc.option(name, { nil: undefined }),
    onConflict,
  }),
  fc.record({ op: fc.constant('trash' as const), id: pick }),
  fc.record({ op: fc.constant('restore' as const), id: pick }),
  fc.record({ op: fc.constant('delete' as const), id: pick }),
  fc.record({ op: fc.constant('empty' as const) }),
);
type Operation = typeof operation extends fc.Arbitrary<infer Value> ? Value : never;

test('any sequence of operations leaves the drive as the model on paper has it', async (t) => {
  verifies('foundation.drive.trash');
  const { drive } = await temporaryDrive(t, { options: { keepVersions } });
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 40 }), async (operations) => {
      const handle = drive.of(`account ${runs++}`);
      const model = new ModelTree((await handle.root()).id);
      for (const operation of operations) {
        const { expected, attempt } = plan(model, handle, operation);
        const code = await attempt().then(
          () => undefined,
          (error: unknown) => (error instanceof DriveError ? error.code : assert.fail(String(error))),
        );
        assert.equal(code, expected, JSON.stringify(operation));
      }
      await compare(handle, model);
    }),
    { numRuns: long ? 2000 : 60 },
  );
  assert.deepEqual(await drive.audit({ rehash: true }), []);
});

/** What the model expects of an operation, and the operation itself, which on success changes the model too. */
function plan(model: ModelTree, handle: DriveHandle, operation: Operation): { expected: string | undefined; attempt: () => Promise<void> } {
  const ids = [model.root, ...model.entries.keys(), 'nothing'];
  const at = (index: number) => ids[index % ids.length] ?? 'nothing';
  const add = (entry: { id: string; name: string }, rest: Omit<ModelEntry, 'id' | 'name' | 'trashed' | 'versions'>) => {
    assert.equal(model.child(rest.parent, entry.name), undefined, 'a new name was free');
    model.entries.set(entry.id, { id: entry.id, name: entry.name, versions: [], trashed: false, ...rest });
  };

  switch (operation.op) {
    case 'folder': {
      const { name, onConflict } = operation;
      const parent = at(operation.parent);
      const taken = onConflict === 'fail' && model.child(parent, name) ? 'name_taken' : undefined;
      return {
        expected: nameProblem(name) ?? model.folderProblem(parent) ?? taken,
        attempt: async () => add(await handle.createFolder({ parent, name, onConflict }), { parent, kind: 'folder', content: '' }),
      };
    }
    case 'write': {
      const { name, content, onConflict } = operation;
      const parent = at(operation.parent);
      const existing = model.child(parent, name);
      const conflict = { fail: 'name_taken', replace: existing?.kind === 'folder' ? 'not_a_file' : undefined, rename: undefined }[
        onConflict
      ];
      return {
        expected: nameProblem(name) ?? model.folderProblem(parent) ?? (existing && conflict),
        async attempt() {
          const written = await handle.writeFile({ parent, name, content: textStream(content), onConflict });
          if (!existing || onConflict === 'rename') return add(written, { parent, kind: 'file', content });
          assert.equal(written.id, existing.id);
          if (existing.content !== content) existing.versions = [existing.content, ...existing.versions].slice(0, keepVersions);
          existing.content = content;
        },
      };
    }
    case 'move': {
      const { name, onConflict } = operation;
      const id = at(operation.id);
      const entry = model.entries.get(id);
      const parent = operation.parent === undefined ? entry?.parent : at(operation.parent);
      const target = parent ?? 'nothing';
      const inTheWay = model.child(target, name ?? entry?.name ?? '');
      const blocked = inTheWay && inTheWay.id !== id ? inTheWay : undefined;
      return {
        expected:
          (name === undefined ? undefined : nameProblem(name)) ??
          model.changeProblem(id) ??
          model.folderProblem(target) ??
          (model.isBelow(target, id) ? 'move_into_itself' : undefined) ??
          (blocked && onConflict === 'fail' ? 'name_taken' : undefined),
        async attempt() {
          const moved = await handle.move({ id, parent: operation.parent === undefined ? undefined : target, name, onConflict });
          if (blocked && onConflict === 'replace') blocked.trashed = true;
          const other = model.child(target, moved.name);
          assert.ok(!other || other.id === id, 'the name was free');
          if (!blocked) assert.equal(moved.name, name ?? entry?.name);
          Object.assign(entry ?? {}, { parent: target, name: moved.name });
        },
      };
    }
    case 'trash': {
      const id = at(operation.id);
      return {
        expected: model.changeProblem(id),
        async attempt() {
          await handle.trash(id);
          Object.assign(model.entries.get(id) ?? {}, { trashed: true });
        },
      };
    }
    case 'restore': {
      const id = at(operation.id);
      const entry = model.entries.get(id);
      return {
        expected: id === 'nothing' ? 'entry_not_found' : entry?.trashed ? undefined : 'entry_not_in_trash',
        async attempt() {
          const restored = await handle.restore(id);
          if (!entry) return;
          const parent = model.isLiveFolder(entry.parent) ? entry.parent : model.root;
          const taken = model.child(parent, entry.name);
          if (taken) assert.equal(model.child(parent, restored.name), undefined);
          else assert.equal(restored.name, entry.name);
          Object.assign(entry, { parent, name: restored.name, trashed: false });
        },
      };
    }
    case 'delete': {
      const id = at(operation.id);
      return {
        expected: id === model.root ? 'root_fixed' : id === 'nothing' ? 'entry_not_found' : undefined,
        async attempt() {
          await handle.deleteForever(id);
          model.erase(id);
        },
      };
    }
    case 'empty':
      break;
  }
  return {
    expected: undefined,
    async attempt() {
      const trashed = [...model.entries.values()].filter((entry) => entry.trashed);
      assert.equal(await handle.emptyTrash(), trashed.length);
      for (const { id } of trashed) model.erase(id);
    },
  };
}

const nameProblem = (name: string) => (name === '..' ? 'name_invalid' : undefined);

async function compare(handle: DriveHandle, model: ModelTree) {
  const trashed = [...model.entries.values()].filter((entry) => entry.trashed);
  assert.deepEqual(new Set((await handle.listTrash()).entries.map(({ id }) => id)), new Set(trashed.map(({ id }) => id)));
  assert.equal((await handle.usage()).used, model.used);
  const seen = new Set<string>(trashed.map(({ id }) => id));
  for (const folder of [model.root, ...[...model.entries.values()].filter(({ kind }) => kind === 'folder').map(({ id }) => id)]) {
    const listed = (await handle.list({ parent: folder })).entries;
    assert.deepEqual(
      new Map(listed.map(({ id, name, kind }) => [id, { name, kind }])),
      new Map(model.children(folder).map(({ id, name, kind }) => [id, { name, kind }])),
    );
    for (const { id } of listed) seen.add(id);
  }
  assert.equal(seen.size, model.entries.size, 'everything is in a folder or in the trash');
  for (const { id, kind, content, versions } of model.entries.values()) {
    if (kind === 'folder') continue;
    assert.equal(Buffer.concat((await (await handle.read(id)).stream.toArray()) as Buffer[]).toString(), content);
    assert.deepEqual(
      (await handle.versions(id)).map(({ size }) => size),
      versions.map((version) => version.length),
    );
  }
  const { changes } = await handle.changes(0);
  assert.deepEqual(
    changes.map(({ seq }) => seq),
    changes.map((_, index) => index + 1),
  );
}
