import { createStore, type StoreApi } from 'zustand/vanilla';
import type { DriveApi, OnConflict } from '../../api/drive.ts';
import { isAbort, isCode, messageOf } from '../../api/error.ts';
import { createSpeedometer } from './speedometer.ts';

export type UploadItem = {
  id: number;
  name: string;
  size: number;
  sent: number;
  state: 'waiting' | 'sending' | 'done' | 'failed' | 'cancelled';
  problem: string | null;
};
export type ConflictAnswer = 'replace' | 'rename' | 'cancel';
export type UploadsState = {
  items: readonly UploadItem[];
  bytesPerSecond: number;
  conflict: { name: string; isOneOfMany: boolean } | null;
};

export type Uploads = {
  store: StoreApi<UploadsState>;
  /** Queues files. Settles when all of these are done, failed or cancelled. */
  add(files: readonly { file: File; parent: string }[]): Promise<void>;
  cancel(id: number): void;
  cancelAll(): void;
  /** Answers the question that `conflict` poses; `forAll` also those to come, until the queue is empty. */
  answer(answer: ConflictAnswer, forAll: boolean): void;
  /** Forgets what is finished. */
  clear(): void;
};

/** Browsers open six connections to a host; live events and listings need some of them. */
const atOnce = 3;
const isRunning = ({ state }: UploadItem) => state === 'waiting' || state === 'sending';

/** Files on their way to the node, a few at a time, with their progress and the question what to do when a name is taken. */
export function createUploads({ drive, now }: { drive: Pick<DriveApi, 'upload'>; now: () => number }): Uploads {
  const store = createStore<UploadsState>(() => ({ items: [], bytesPerSecond: 0, conflict: null }));
  const speed = createSpeedometer({ now });
  const controllers = new Map<number, AbortController>();
  const waiting: (() => void)[] = [];
  let sending = 0;
  let lastId = 0;
  let answerForAll: ConflictAnswer | undefined;
  let resolveConflict: ((answer: ConflictAnswer) => void) | undefined;
  let questions: Promise<unknown> = Promise.resolve();

  const update = (id: number, change: Partial<UploadItem>) =>
    store.setState(({ items }) => ({
      items: items.map((item) => (item.id === id ? { ...item, ...change } : item)),
      bytesPerSecond: speed.bytesPerSecond(),
    }));
  const running = () => store.getState().items.filter(isRunning);

  const slot = async () => {
    if (sending >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else sending++;
  };
  const release = () => {
    const next = waiting.shift();
    if (next) next();
    else sending--;
  };

  /** One question at a time, in the order in which the files met their namesakes. */
  const ask = (name: string): Promise<ConflictAnswer> => {
    const question = questions.then(async () => {
      if (answerForAll) return answerForAll;
      const given = new Promise<ConflictAnswer>((resolve) => (resolveConflict = resolve));
      store.setState({ conflict: { name, isOneOfMany: running().length > 1 } });
      const answer = await given;
      store.setState({ conflict: null });
      return answer;
    });
    questions = question;
    return question;
  };

  const send = async (id: number, file: File, parent: string, onConflict: OnConflict, signal: AbortSignal): Promise<void> => {
    let seen = 0;
    const onProgress = (sent: number) => {
      speed.add(sent - seen);
      seen = sent;
      update(id, { sent: Math.min(sent, file.size) });
    };
    try {
      await drive.upload({ parent, file, onConflict, onProgress, signal });
      update(id, { state: 'done', sent: file.size });
    } catch (error) {
      if (!isNameTaken(error) || onConflict !== 'fail' || signal.aborted) throw error;
      const answer = await ask(file.name);
      if (answer === 'cancel') throw new DOMException('Cancelled by its person', 'AbortError');
      await send(id, file, parent, answer, signal);
    }
  };

  const run = async (id: number, file: File, parent: string) => {
    const controller = new AbortController();
    controllers.set(id, controller);
    await slot();
    try {
      controller.signal.throwIfAborted();
      update(id, { state: 'sending' });
      await send(id, file, parent, 'fail', controller.signal);
    } catch (error) {
      if (isAbort(error)) update(id, { state: 'cancelled' });
      else update(id, { state: 'failed', problem: messageOf(error) });
    } finally {
      controllers.delete(id);
      release();
      if (running().length === 0) answerForAll = undefined;
    }
  };

  return {
    store,
    async add(files) {
      const added = files.map(({ file, parent }) => ({ id: ++lastId, file, parent }));
      const items = added.map(({ id, file }): UploadItem => ({
        id,
        name: file.name,
        size: file.size,
        sent: 0,
        state: 'waiting',
        problem: null,
      }));
      store.setState((state) => ({ items: [...state.items, ...items] }));
      await Promise.all(added.map(({ id, file, parent }) => run(id, file, parent)));
    },
    cancel: (id) => controllers.get(id)?.abort(),
    cancelAll() {
      for (const controller of controllers.values()) controller.abort();
      resolveConflict?.('cancel');
    },
    answer(answer, forAll) {
      if (forAll) answerForAll = answer;
      resolveConflict?.(answer);
    },
    clear: () => store.setState(({ items }) => ({ items: items.filter(isRunning) })),
  };
}

const isNameTaken = (error: unknown) => isCode(error, 'name_taken');

/** Bytes and time left of all that is under way. */
export function totalsOf({ items, bytesPerSecond }: Pick<UploadsState, 'items' | 'bytesPerSecond'>) {
  const counted = items.filter(({ state }) => state !== 'cancelled' && state !== 'failed');
  const sent = counted.reduce((sum, item) => sum + item.sent, 0);
  const size = counted.reduce((sum, item) => sum + item.size, 0);
  return {
    sent,
    size,
    running: items.filter(isRunning).length,
    secondsLeft: bytesPerSecond > 0 ? (size - sent) / bytesPerSecond : Infinity,
  };
}
