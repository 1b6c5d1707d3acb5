import { WasiEnd, type WasiContext } from '../../wasi/context.ts';
import { toDatetime } from './files.ts';
import { refuseWith, resource } from './failure.ts';
import type { Streams } from './streams.ts';

const realtime = 0;
const monotonic = 1;
/** Whoever wants more random bytes at once asks again. */
const mostRandom = 1024 * 1024;

/** wasi:cli, wasi:clocks and wasi:random: what a program is started with, and how it ends. */
export function openProcess(
  job: WasiContext,
  given: { args: readonly string[]; env: readonly string[] },
  { InputStream, OutputStream, Pollable }: Streams,
) {
  /** Nothing here is a terminal. */
  const TerminalInput = resource();
  const TerminalOutput = resource();

  const end = (code: number): never => {
    throw new WasiEnd('exit', code);
  };

  const writeTo = (stream: 'stdout' | 'stderr') => () =>
    new OutputStream((bytes) => {
      if (!job[stream].append(bytes)) throw new WasiEnd('output', 0);
    });

  const random = (length: bigint): Uint8Array => {
    if (length > BigInt(mostRandom)) throw new Error(`It asks for ${length} random bytes at once; at most ${mostRandom} are given`);
    const bytes = new Uint8Array(Number(length));
    job.random(bytes);
    return bytes;
  };
  const randomNumber = (): bigint => new DataView(random(8n).buffer).getBigUint64(0, true);

  return {
    imports: {
      'wasi:cli/environment': {
        getEnvironment: (): [string, string][] =>
          given.env.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
        getArguments: (): string[] => [...given.args],
        initialCwd: (): string => '/',
      },
      'wasi:cli/exit': {
        exit: ({ tag }: { tag: 'ok' | 'err' }) => end(tag === 'ok' ? 0 : 1),
        exitWithCode: (code: number) => end(code),
      },
      'wasi:cli/stdin': {
        getStdin: () =>
          new InputStream((length) => {
            const { bytes, offset } = job.stdin;
            const portion = bytes.slice(offset, offset + length);
            job.stdin.offset += portion.length;
            return portion;
          }),
      },
      'wasi:cli/stdout': { getStdout: writeTo('stdout') },
      'wasi:cli/stderr': { getStderr: writeTo('stderr') },
      'wasi:cli/terminal-input': { TerminalInput },
      'wasi:cli/terminal-output': { TerminalOutput },
      'wasi:cli/terminal-stdin': { getTerminalStdin: () => undefined },
      'wasi:cli/terminal-stdout': { getTerminalStdout: () => undefined },
      'wasi:cli/terminal-stderr': { getTerminalStderr: () => undefined },
      'wasi:clocks/monotonic-clock': {
        now: () => job.clock.now(monotonic),
        resolution: () => job.clock.resolution(monotonic),
        subscribeInstant: (at: bigint) => new Pollable(at),
        subscribeDuration: (length: bigint) => new Pollable(job.clock.now(monotonic) + length),
      },
      'wasi:clocks/wall-clock': {
        now: () => toDatetime(job.clock.now(realtime)),
        resolution: () => toDatetime(job.clock.resolution(realtime)),
      },
      'wasi:random/random': { getRandomBytes: random, getRandomU64: randomNumber },
      'wasi:random/insecure': { getInsecureRandomBytes: random, getInsecureRandomU64: randomNumber },
      'wasi:random/insecure-seed': { insecureSeed: (): [bigint, bigint] => [randomNumber(), randomNumber()] },
    },
  };
}

/** wasi:sockets: there is no network, and every attempt to have one is answered so. */
export function noSockets() {
  const Network = resource();
  const TcpSocket = resource();
  const UdpSocket = resource();
  const IncomingDatagramStream = resource();
  const OutgoingDatagramStream = resource();
  const ResolveAddressStream = resource();
  const denied = () => refuseWith('access-denied');
  return {
    imports: {
      'wasi:sockets/instance-network': { instanceNetwork: (): unknown => Object.create(Network.prototype) },
      'wasi:sockets/network': { Network, networkErrorCode: () => undefined },
      'wasi:sockets/ip-name-lookup': { ResolveAddressStream, resolveAddresses: denied },
      'wasi:sockets/tcp': { TcpSocket },
      'wasi:sockets/tcp-create-socket': { createTcpSocket: denied },
      'wasi:sockets/udp': { UdpSocket, IncomingDatagramStream, OutgoingDatagramStream },
      'wasi:sockets/udp-create-socket': { createUdpSocket: denied },
    },
  };
}
