import type { WasiCalls, WasiContext } from './context.ts';
import { errno, fail, WasiFailure } from './errno.ts';
import { rights } from './rights.ts';

const kind = { clock: 0, read: 1, write: 2 } as const;
const absoluteTime = 1;
const subscriptionSize = 48;
const eventSize = 32;
const mostSubscriptions = 4096;

type Event = { userdata: bigint; errno: number; kind: number; bytes: bigint };

/** `poll_oneoff`: everything but time is always ready here, so it sleeps only when nothing but clocks is waited for. */
export function pollCall(job: WasiContext): WasiCalls {
  /** How long until the subscribed time, in nanoseconds. */
  function delay(at: number): bigint {
    const id = job.memory.getU32(at + 16);
    const timeout = job.memory.getU64(at + 24);
    const now = job.clock.now(id);
    if (!(job.memory.getU16(at + 40) & absoluteTime)) return timeout;
    return timeout > now ? timeout - now : 0n;
  }

  function readyBytes(at: number, wanted: number): bigint {
    const found = job.descriptors.get(job.memory.getU32(at + 16), rights.pollFdReadwrite);
    if (wanted === kind.write) return 65_536n;
    if (found.kind === 'stream') return BigInt(found.stream === 'stdin' ? job.stdin.bytes.length - job.stdin.offset : 0);
    return BigInt(found.kind === 'file' ? Math.max(0, found.inode.size - found.offset) : 0);
  }

  return {
    poll_oneoff(subscriptions: number, events: number, count: number, result: number) {
      if (count <= 0 || count > mostSubscriptions) fail('inval');
      const happened: Event[] = [];
      let next: { delay: bigint; userdata: bigint } | undefined;
      for (let index = 0; index < count; index++) {
        const at = (subscriptions >>> 0) + index * subscriptionSize;
        const userdata = job.memory.getU64(at);
        const wanted = job.memory.getU8(at + 8);
        if (wanted > kind.write) fail('inval');
        const event: Event = { userdata, errno: errno.success, kind: wanted, bytes: 0n };
        try {
          if (wanted === kind.clock) {
            const waits = delay(at);
            if (next === undefined || waits < next.delay) next = { delay: waits, userdata };
            continue;
          }
          event.bytes = readyBytes(at, wanted);
        } catch (error) {
          if (!(error instanceof WasiFailure)) throw error;
          event.errno = error.errno;
        }
        happened.push(event);
      }
      if (next !== undefined && (happened.length === 0 || next.delay === 0n)) {
        job.stdout.flush();
        job.clock.sleep(next.delay);
        happened.push({ userdata: next.userdata, errno: errno.success, kind: kind.clock, bytes: 0n });
      }
      happened.forEach((event, index) => {
        const at = (events >>> 0) + index * eventSize;
        job.memory.bytes(at, eventSize).fill(0);
        job.memory.setU64(at, event.userdata);
        job.memory.setU16(at + 8, event.errno);
        job.memory.setU8(at + 10, event.kind);
        job.memory.setU64(at + 16, event.bytes);
      });
      job.memory.setU32(result, happened.length);
    },
  };
}
