import { readFileSync } from 'node:fs';

/** Processor time of a process with its threads, in milliseconds; the kernel counts it in hundredths of a second. */
export function cpuMsOf(pid: number): number {
  const stat = readProc(pid, 'stat');
  // The name in parentheses may hold anything; the fields are counted from behind it: utime and stime are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10;
}

/** Resident memory of a process, in bytes. */
export function residentBytesOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readProc(pid, 'status'))?.[1] ?? 0) * 1024;
}

/** Empty when the process is gone. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
