import { WasiEnd, type WasiCalls, type WasiContext } from './context.ts';
import { errno, fail } from './errno.ts';

/** Arguments, environment, clocks, randomness, the end of the program, and the sockets there are not. */
export function processCalls(job: WasiContext): WasiCalls {
  function putSizes(list: Uint8Array[], count: number, total: number) {
    job.memory.setU32(count, list.length);
    job.memory.setU32(
      total,
      list.reduce((sum, { length }) => sum + length, 0),
    );
  }

  function put(list: Uint8Array[], pointers: number, target: number) {
    let at = target >>> 0;
    list.forEach((bytes, index) => {
      job.memory.setU32((pointers >>> 0) + 4 * index, at);
      job.memory.bytes(at, bytes.length).set(bytes);
      at += bytes.length;
    });
  }

  return {
    args_sizes_get: (count: number, total: number) => putSizes(job.args, count, total),
    args_get: (pointers: number, target: number) => put(job.args, pointers, target),
    environ_sizes_get: (count: number, total: number) => putSizes(job.env, count, total),
    environ_get: (pointers: number, target: number) => put(job.env, pointers, target),
    clock_res_get: (id: number, result: number) => job.memory.setU64(result, job.clock.resolution(id)),
    clock_time_get: (id: number, _precision: bigint, result: number) => job.memory.setU64(result, job.clock.now(id)),
    random_get: (target: number, length: number) => job.random(job.memory.bytes(target, length)),
    sched_yield: () => errno.success,
    proc_exit(code: number) {
      throw new WasiEnd('exit', code >>> 0);
    },
    proc_raise: () => fail('nosys'),
    sock_accept: (fd: number) => job.descriptors.socket(fd),
    sock_recv: (fd: number) => job.descriptors.socket(fd),
    sock_send: (fd: number) => job.descriptors.socket(fd),
    sock_shutdown: (fd: number) => job.descriptors.socket(fd),
  };
}
