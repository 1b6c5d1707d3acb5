import { isAbsolute, resolve } from 'node:path';
import type { Context } from '../context.ts';
import { usageError } from '../error.ts';
import { machineProbes } from '../doctor/machine.ts';
import { nodeProbe } from '../doctor/node.ts';
import { examine, type Finding, type Probe, type Report } from '../doctor/probe.ts';
import { print } from '../output.ts';

type DoctorOptions = { node?: string; data?: string; port?: string; json?: boolean };

/** Looks at everything that a node needs; 1 when something of it is missing. `further` are the probes of other areas, such as the sandbox. */
export async function doctor(
  { node, data, port = '4200', json }: DoctorOptions,
  context: Context,
  further: readonly Probe[] = [],
): Promise<number> {
  if (!/^\d{1,5}$/.test(port)) throw usageError(`--port ${port} is not a port.`, 'Example: --port 4200');
  const dataDir = data === undefined ? context.settings.dataDir : isAbsolute(data) ? data : resolve(context.cwd, data);
  const probes = [
    ...machineProbes(context, { port: Number(port), dataDir }),
    ...further,
    nodeProbe({ node: node ?? context.settings.node, signal: context.signal }),
  ];
  const report = await examine(probes);
  print(context, { json, value: report, text: describe(report, context) });
  return report.ok ? 0 : 1;
}

const colors: Record<Finding['state'], number> = { ok: 32, warn: 33, fail: 31 };

function describe({ findings, ok }: Report, { stdout, settings }: Context): string {
  const paint = (state: Finding['state']) =>
    stdout.isTTY && settings.color ? `\x1b[${colors[state]}m${state.padEnd(4)}\x1b[39m` : state.padEnd(4);
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, state, message, fix }) => [
    `${paint(state)}  ${name.padEnd(width)}  ${message}`,
    ...(fix && state !== 'ok' ? [`${' '.repeat(width + 8)}${fix}`] : []),
  ]);
  return [...lines, '', ok ? 'Ready.' : 'Something is missing: see above.'].join('\n');
}
