import type { Drive } from '@freehold/drive';
import type { FreeholdError } from '@freehold/protocol';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { puter } from '../../http/dialects/puter.ts';
import { toFailure } from '../../http/failure.ts';
import { partsOf, type Part } from '../../http/multipart.ts';
import { callerOf, route, type Caller } from '../../http/route.ts';
import type { Causes } from '../../sockets/causes.ts';
import { openBatchFolders } from './batch-folders.ts';
import { batchOperation, type BatchOperation, type BatchWrite } from './batch-operation.ts';
import { causeOf, noteAll } from './causing.ts';
import { deleteNamed } from './delete.ts';
import { moveNamed } from './copy-move.ts';
import { toV1 } from './entry.ts';
import { PuterError } from './error.ts';
import { makeFolder } from './mkdir.ts';
import { openReach } from './reach.ts';
import { reporting, type Publish } from './upload-progress.ts';
import { writeInto } from './write.ts';

/** Files and other operations of one request; the SDK sends three parts a file. */
const limits = { parts: 15_100, field: 3 * 1024 * 1024, fields: 32 * 1024 * 1024 };
/** Small files that are being committed while the next ones arrive. */
const inFlight = 128;
const causeFields = new Set(['operation_id', 'socket_id', 'original_client_socket_id']);

const fileInfo = z.object({ name: z.string().nullish(), type: z.string().max(255).nullish(), size: z.int().nonnegative().nullish() });
type FileInfo = z.output<typeof fileInfo>;
type Result = object;
type BatchDeps = { drive: Drive; causes: Causes; publish: Publish };

/**
 * Puter's many operations in one request. They take effect in their order, files as they arrive: a run of files is written side by
 * side, so that small ones share commits, and everything else waits for what was asked before it. Each is answered by itself.
 */
export const batchRoute = (deps: BatchDeps) =>
  route({
    method: 'POST',
    path: '/batch',
    dialect: 'puter',
    policy: 'app',
    summary: 'Make folders, write files, and more, in one request',
    body: 'stream',
    query: z.looseObject({}),
    async handle(call) {
      const batch = openBatch({ ...deps, caller: callerOf(call), request: call.request, signal: call.signal });
      for await (const part of partsOf(call.stream, limits)) await batch.take(part);
      const { results, failed } = await batch.end();
      return call.reply.code(failed ? 218 : 200).send({ results });
    },
  });

function openBatch({
  drive,
  causes,
  publish,
  caller,
  request,
  signal,
}: BatchDeps & { caller: Caller; request: FastifyRequest; signal: AbortSignal }) {
  const reach = openReach(drive, caller);
  const folders = openBatchFolders(reach);
  const infos: FileInfo[] = [];
  const results: Promise<Result>[] = [];
  /** Writes whose file is still to come, in order, each with what must have happened before it. */
  const expected: { write: BatchWrite; after: Promise<unknown>; answer: (result: Promise<Result>) => void }[] = [];
  const writing = new Set<Promise<unknown>>();
  /** Settles when everything but the writes since then is done. */
  let barrier: Promise<unknown> = Promise.resolve();
  let sinceBarrier: Promise<unknown>[] = [];
  /** What the request says of itself, for the sockets that hear of what it did. */
  const said: Record<string, string> = {};
  let failed = false;

  /** What nobody foresaw: it belongs into the log, with the whole request. */
  let unforeseen: unknown;
  const attempt = (work: Promise<Result>): Promise<Result> =>
    work.catch((error: unknown) => {
      failed = true;
      const failure = toFailure(error);
      if (failure.code === 'internal' && !signal.aborted) unforeseen ??= error;
      return refusalOf(failure, request);
    });

  const noting = (result: Result): Result => {
    noteAll(causes, result, causeOf(said));
    return result;
  };

  function plan(operation: BatchOperation): void {
    if (operation.op === 'write') {
      const { promise, resolve } = Promise.withResolvers<Result>();
      expected.push({ write: operation, after: barrier, answer: resolve });
      sinceBarrier.push(promise);
      results.push(promise);
      return;
    }
    const before = Promise.all([barrier, ...sinceBarrier]);
    const done = attempt(before.then(() => perform(operation)).then(noting));
    barrier = done;
    sinceBarrier = [];
    results.push(done);
  }

  async function perform(operation: Exclude<BatchOperation, { op: 'write' }>): Promise<Result> {
    folders.forget();
    if (operation.op === 'mkdir') {
      const { as, overwrite, dedupe_name, create_missing_ancestors, create_missing_parents, ...wanted } = operation;
      const parent = operation.parent && folders.pathOf(operation.parent);
      const made = await makeFolder(reach, {
        ...wanted,
        parent,
        path: operation.path && (parent ? operation.path : folders.pathOf(operation.path)),
        overwrite,
        // A folder that may be overwritten is the one to put things into.
        dedupe_name: dedupe_name && !overwrite,
        create_missing_parents: create_missing_ancestors || create_missing_parents,
      });
      if (as) folders.name(as, made.path);
      return made;
    }
    if (operation.op === 'shortcut') {
      const { path, name, shortcut_to_uid: uid, shortcut_to: to } = operation;
      return makeFolder(reach, {
        parent: path && folders.pathOf(path),
        path: name,
        shortcut_to: uid || to || '',
        overwrite: false,
        dedupe_name: true,
        create_missing_parents: operation.create_missing_ancestors,
      });
    }
    if (operation.op === 'move') {
      const { source, destination, create_missing_ancestors, create_missing_parents, ...rest } = operation;
      return moveNamed(
        reach,
        {
          ...rest,
          source: source && folders.pathOf(source),
          destination: destination && folders.pathOf(destination),
          create_missing_parents: create_missing_ancestors || create_missing_parents,
        },
        signal,
      );
    }
    const { path, paths, ...rest } = operation;
    const named = Array.isArray(paths) ? paths.map(folders.pathOf) : paths && folders.pathOf(paths);
    return deleteNamed(reach, caller, { ...rest, path: path && folders.pathOf(path), paths: named }, (entry, old_path) =>
      causes.note(entry, { ...causeOf(said), old_path }),
    );
  }

  async function receive(part: Extract<Part, { kind: 'file' }>): Promise<void> {
    const next = expected.shift();
    if (!next) throw new PuterError('bad_request', 'There are more files than operations of the kind `write`.');
    const { write } = next;
    const info = infos.shift();
    await next.after;
    const { promise: read, resolve: isRead } = Promise.withResolvers<void>();
    part.content.once('close', isRead);
    const store = async () => {
      const parent = await folders.find(write.path ?? '', { create: write.create_missing_ancestors || write.create_missing_parents });
      const name = write.name || info?.name || part.fileName || '';
      const size = info?.size ?? undefined;
      const { overwrite, dedupe_name, item_upload_id: item } = write;
      const cause = { ...causeOf(said), ...(item !== undefined && item !== null && { item_upload_id: String(item) }) };
      const progress = { account: caller.account.address, about: parent.entry.id, payload: cause, total: size };
      const content = reporting(part.content, progress, publish);
      const mediaType = info?.type || part.mediaType;
      const written = await writeInto(reach, parent, { name, content, size, mediaType, overwrite, dedupe_name, signal });
      if (Object.keys(cause).length > 0) causes.note(written.entry.id, cause);
      return toV1(written);
    };
    const result = attempt(store()).finally(() => {
      writing.delete(result);
      // Of a file that was refused, the rest is read and forgotten, so that the next part can come.
      part.content.resume();
    });
    writing.add(result);
    next.answer(result);
    await read;
    if (writing.size >= inFlight) await Promise.race(writing);
  }

  return {
    async take(part: Part): Promise<void> {
      if (part.kind === 'file') return receive(part);
      if (part.name === 'fileinfo') infos.push(parseField(part.name, part.value, fileInfo));
      else if (part.name === 'operation') plan(parseField(part.name, part.value, batchOperation));
      else if (causeFields.has(part.name)) said[part.name] = part.value;
    },

    /** The results in the order of the operations, when all are there. */
    async end(): Promise<{ results: Result[]; failed: boolean }> {
      if (results.length === 0) throw new PuterError('bad_request', 'Send at least one `operation`.', { field: 'operation' });
      for (const { answer } of expected)
        answer(
          attempt(
            Promise.reject(new PuterError('bad_request', 'The file of this operation did not come. Send it as a part named `file`.')),
          ),
        );
      const settled = await Promise.all(results);
      if (unforeseen !== undefined) throw unforeseen;
      return { results: settled, failed };
    },
  };
}

function parseField<Shape extends z.ZodType>(name: string, text: string, shape: Shape): z.output<Shape> {
  try {
    return shape.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? toFailure(cause).message : 'It is not valid JSON.';
    throw new PuterError('field_invalid', `\`${name}\` cannot be read. ${why}`, { field: name });
  }
}

/** As one entry of the results. */
function refusalOf(error: FreeholdError, request: FastifyRequest): Result {
  const { status, body } = puter.failure(error, request);
  return { ...(typeof body === 'object' ? body : {}), error: true, status };
}
