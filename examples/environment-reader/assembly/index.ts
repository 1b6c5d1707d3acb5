// Tells, as JSON, all that a program sees of the world: its arguments, its variables, the folders it was given, the time.
import { Bytes } from '../../shared/bytes';
import { args, preopens, quoted, variables } from '../../shared/program';
import { writeOutput } from '../../shared/wasi';
import { clock_time_get } from '../../shared/wasi_snapshot_preview1';

const time = memory.data(8);

export function _start(): void {
  const json = new Bytes(4096);
  json.text('{');
  list(json, 'args', args());
  list(json, 'env', variables());
  list(json, 'preopens', preopens());
  clock_time_get(0, 1000, time);
  json.text('"clock":' + (load<u64>(time) / 1000000).toString() + '}\n');
  writeOutput(json);
}

function list(json: Bytes, name: string, texts: string[]): void {
  json.text('"' + name + '":[');
  for (let index = 0; index < texts.length; index++) json.text((index > 0 ? ',' : '') + quoted(texts[index]));
  json.text('],');
}
