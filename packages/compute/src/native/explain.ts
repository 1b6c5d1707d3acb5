import { getSystemErrorMap } from 'node:util';
import type { ExitReport } from './frames.ts';
import type { NativeLimits } from './limits.ts';

const mebibyte = 1024 * 1024;

/** One sentence for the author of the program about how a run ended; null when the program ended itself. */
export function explain(report: ExitReport, limits: NativeLimits): string | null {
  switch (report.reason) {
    case 'exit':
      return null;
    case 'signal':
      return `The program crashed (${report.signal ?? 'unknown signal'}).`;
    case 'wall':
      return `The program was stopped after its time limit of ${limits.wallMs} ms.`;
    case 'cpu':
      return `The program was stopped after its limit of ${limits.cpuMs} ms of processor time.`;
    case 'memory':
      return `The program was stopped because it used more than its ${Math.floor(limits.memoryBytes / mebibyte)} MiB of memory, or more than 64 threads.`;
    case 'output':
      return `The program was stopped because it wrote more than ${limits.outputBytes} bytes of output or ${limits.errorBytes} bytes of messages.`;
    case 'killed':
      return 'The run was cancelled.';
    default:
      return explainSpawn(report);
  }
}

/** `enum spawn_step` of sandbox.h. */
function explainSpawn({ step, errno }: ExitReport): string {
  const [name, meaning] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error'];
  const cause = `${name}: ${meaning}`;
  switch (step) {
    case 1:
      return 'The name of the program is not a plain file name.';
    case 2:
      return name === 'EACCES'
        ? 'The program cannot be read by the sandbox. Its file needs mode 755 and its folder mode 711 or wider.'
        : `The program cannot be opened (${cause}).`;
    case 3:
      return 'The program is not a static executable for this machine. Link it statically (cc -static, or GOOS=linux CGO_ENABLED=0).';
    case 4:
      return `This machine has too few resources left to start the program (${cause}). Try again later.`;
    case 5:
      return `The program was not started because it could not be confined (${cause}).`;
    default:
      return `The kernel refused to execute the program (${cause}). Is the data directory on a disk mounted with "noexec"?`;
  }
}
