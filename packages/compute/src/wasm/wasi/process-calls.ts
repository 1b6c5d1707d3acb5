import type { WasiCalls, WasiContext } from './context.ts';
import { errno, fail } from './errno.ts';

/** Arguments, environment, clocks, randomness, the end of the program, and the sockets there are not. */
export function processCalls({ memory, descriptors, clock, random, args, env, exit }: WasiContext): WasiCalls {
  const argumentBytes = args.map(terminated);
  const environmentBytes = env.map(terminated);

  function putSizes(list: Uint8Array[], count: number, total: number) {
    memory.setU32(count, list.length);
    memory.setU32(
      total,
      list.reduce((sum, { length }) => sum + length, 0),
    );
  }

  function put(list: Uint8Array[], pointers: number, target: number) {
    let at = target >>> 0;
    list.forEach((bytes, index) => {
      memory.setU32((pointers >>> 0) + 4 * index, at);
      memory.bytes(at, bytes.length).set(bytes);
      at += bytes.length;
    });
  }

  return {
    args_sizes_get: (count: number, total: number) => putSizes(argumentBytes, count, total),
    args_get: (pointers: number, target: number) => put(argumentBytes, pointers, target),
    environ_sizes_get: (count: number, total: number) => putSizes(environmentBytes, count, total),
    environ_get: (pointers: number, target: number) => put(environmentBytes, pointers, target),
    clock_res_get: (id: number, result: number) => memory.setU64(result, clock.resolution(id)),
    clock_time_get: (id: number, _precision: bigint, result: number) => memory.setU64(result, clock.now(id)),
    random_get: (target: number, length: number) => random(memory.bytes(target, length)),
    sched_yield: () => errno.success,
    proc_exit: (code: number) => exit(code >>> 0),
    proc_raise: () => fail('nosys'),
    sock_accept: (fd: number) => descriptors.socket(fd),
    sock_recv: (fd: number) => descriptors.socket(fd),
    sock_send: (fd: number) => descriptors.socket(fd),
    sock_shutdown: (fd: number) => descriptors.socket(fd),
  };
}

function terminated(text: string): Uint8Array {
  return Buffer.from(`${text}\0`);
}
