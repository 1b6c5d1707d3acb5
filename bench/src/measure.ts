import { medianRatio, percentile } from './statistics.ts';
import { cpuOf } from './usage.ts';

/** Something that is done over and over. */
export type Subject = {
  name: string;
  /** How often in each round: one after another, and eight at a time (0 for not at all). */
  sequential: number;
  parallel: number;
  once: () => Promise<unknown> | void;
  /** Makes ready for so many, outside of the clock. */
  prepare?: (count: number) => Promise<void>;
  /** The server process whose processor time is counted. */
  pid?: number;
};

export type Measured = {
  name: string;
  /** µs, of all rounds together. */
  p50: number;
  p95: number;
  p99: number;
  /** The p50 of each round, to be set beside that of a yardstick. */
  rounds: number[];
  /** Operations per second, eight at a time; the median of the rounds. */
  rate: number;
  /** µs of processor time for one: of the server process, and with all its children. */
  cpu: { process: number; tree: number };
};

export const concurrency = 8;
/** Even, as all counts are: what is done back and forth ends where it began. */
const warmUp = 6;

/** Measures the subjects in turn, several times over, so that each meets the same noise. */
export async function measure(
  subjects: readonly Subject[],
  { rounds, signal }: { rounds: number; signal: AbortSignal },
): Promise<Measured[]> {
  const books = subjects.map((subject) => ({
    subject,
    latencies: new Array<number>(),
    perRound: new Array<number>(),
    rates: new Array<number>(),
    cpu: { process: 0, tree: 0 },
    done: 0,
  }));
  for (const { subject } of books) {
    const count = Math.min(warmUp, subject.sequential);
    await subject.prepare?.(count);
    await sequentially(subject, count);
  }
  for (let round = 0; round < rounds; round++) {
    for (const book of books) {
      signal.throwIfAborted();
      const { subject } = book;
      await subject.prepare?.(subject.sequential + subject.parallel);
      const before = subject.pid === undefined ? undefined : cpuOf(subject.pid);
      const latencies = await sequentially(subject, subject.sequential);
      book.latencies.push(...latencies);
      book.perRound.push(percentile(latencies, 0.5));
      if (subject.parallel > 0) book.rates.push(await inParallel(subject, subject.parallel));
      if (subject.pid === undefined || before === undefined) continue;
      const after = cpuOf(subject.pid);
      book.cpu.process += after.process - before.process;
      book.cpu.tree += after.tree - before.tree;
      book.done += subject.sequential + subject.parallel;
    }
  }
  return books.map(({ subject, latencies, perRound, rates, cpu, done }) => ({
    name: subject.name,
    p50: percentile(latencies, 0.5),
    p95: percentile(latencies, 0.95),
    p99: percentile(latencies, 0.99),
    rounds: perRound,
    rate: percentile(rates, 0.5),
    cpu: { process: cpu.process / done, tree: cpu.tree / done },
  }));
}

export const ratio = (ours: Measured | undefined, yardstick: Measured | undefined): number =>
  ours && yardstick ? medianRatio(ours.rounds, yardstick.rounds) : Number.NaN;

/** Latencies in µs. */
async function sequentially({ once }: Subject, count: number): Promise<number[]> {
  const latencies: number[] = [];
  for (let done = 0; done < count; done++) {
    const start = performance.now();
    await once();
    latencies.push((performance.now() - start) * 1000);
  }
  return latencies;
}

/** Operations per second. */
async function inParallel({ once }: Subject, count: number): Promise<number> {
  let left = count;
  const start = performance.now();
  const worker = async () => {
    while (left-- > 0) await once();
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return (count * 1000) / (performance.now() - start);
}
