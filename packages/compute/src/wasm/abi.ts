import { abiSection, type ParsedModule, type Signature, type ValueType } from './parse.ts';
import { MalformedWasm } from './reader.ts';

/** What the values of a function are to those who call it. Text is UTF-8; bytes are base64 in a call and plain in an answer. */
export type CallType = ValueType | 'string' | 'bytes';
export type CallSignature = { parameters: CallType[]; results: CallType[] };

/** How a module wants text handed over, known by the function it exports for it. */
export type Allocator = { kind: 'assemblyscript' | 'pointer'; name: string };

const allocators: Allocator[] = [
  { kind: 'assemblyscript', name: '__new' },
  { kind: 'pointer', name: 'alloc' },
  { kind: 'pointer', name: 'malloc' },
];
const numbers = ['i32', 'i64', 'f32', 'f64'] as const satisfies ValueType[];
const isText = (type: CallType) => type === 'string' || type === 'bytes';

export function allocatorOf({ exports }: Pick<ParsedModule, 'exports'>): Allocator | undefined {
  return allocators.find(({ name }) => exports.some((found) => found.name === name));
}

/**
 * The functions of a module as they are called from outside: as declared in its section, and with numbers otherwise.
 *
 * @throws MalformedWasm with a sentence when what is declared is not what is there.
 */
export function callableExports(module: ParsedModule): ({ name: string } & CallSignature)[] {
  const declared = readSection(module);
  const allocator = allocatorOf(module);
  const callable = module.exports.map(({ name, signature }) => {
    const wanted = declared.get(name);
    declared.delete(name);
    if (wanted !== undefined) mustFit(name, wanted, signature, allocator);
    return { name, ...(wanted ?? signature) };
  });
  for (const name of declared.keys()) throw new MalformedWasm(`its section "${abiSection}" declares "${name}", which it does not export`);
  return callable;
}

function readSection({ abi }: ParsedModule): Map<string, CallSignature> {
  const declared = new Map<string, CallSignature>();
  for (const line of Buffer.from(abi ?? [])
    .toString()
    .split('\n')) {
    if (line.trim() === '') continue;
    const [, name, parameters = '', result] = /^\s*([\w.$-]+)\s*\(([^()]*)\)\s*(?::\s*(\w+)\s*)?;?\s*$/.exec(line) ?? [];
    if (name === undefined)
      throw new MalformedWasm(
        `its section "${abiSection}" has the line ${JSON.stringify(line.slice(0, 80))}; a line is written as greet(string): string`,
      );
    declared.set(name, {
      parameters: parameters.trim() === '' ? [] : parameters.split(',').map((one) => toType(name, one)),
      results: result === undefined || result === 'void' ? [] : [toType(name, result)],
    });
  }
  return declared;
}

/** With or without a name before it: `string` or `who: string`. */
function toType(name: string, written: string): CallType {
  const text = written.slice(written.indexOf(':') + 1).trim();
  const type = ([...numbers, 'string', 'bytes'] as const).find((known) => known === text);
  if (type === undefined)
    throw new MalformedWasm(
      `its section "${abiSection}" uses the type ${JSON.stringify(text.slice(0, 40))} in "${name}"; known are i32, i64, f32, f64, string and bytes`,
    );
  return type;
}

function mustFit(name: string, { parameters, results }: CallSignature, actual: Signature, allocator: Allocator | undefined): void {
  const isManaged = allocator?.kind === 'assemblyscript';
  const flat = parameters.flatMap((type): ValueType[] => (isPlain(type) ? [type] : isManaged ? ['i32'] : ['i32', 'i32']));
  if (parameters.some(isText) && allocator === undefined)
    throw new MalformedWasm(
      `"${name}" takes text, but it exports no function that makes room for it: export alloc(length), or malloc, or build AssemblyScript with --exportRuntime`,
    );
  if (flat.join() !== actual.parameters.join())
    throw new MalformedWasm(
      `"${name}" is declared with (${parameters.join(', ')}), which is (${flat.join(', ')}) in the module, but it takes (${actual.parameters.join(', ')})`,
    );
  const forms = results.flatMap((type) => (isPlain(type) ? [type] : isManaged ? ['i32'] : ['i64', 'i32,i32', 'i32']));
  const has = actual.results.join();
  if (results.length === 0 ? has !== '' : !forms.includes(has))
    throw new MalformedWasm(
      `"${name}" is declared to return ${results[0] ?? 'nothing'}, which is ${forms.join(' or ') || 'no result'} in the module, but it returns ${has || 'nothing'}`,
    );
}

function isPlain(type: CallType): type is ValueType {
  return !isText(type);
}
