import type { Allocator, CallType } from './abi.ts';
import { Refusal } from './program.ts';

type Callable = (...values: unknown[]) => unknown;
export type TextMemory = { memory: WebAssembly.Memory; allocator: Allocator | undefined; exports: Record<string, unknown> };

/** Class numbers of AssemblyScript's own types: `ArrayBuffer` and `String`, whose text is UTF-16. */
const managedClass = { bytes: 1, string: 2 } as const;
/** AssemblyScript keeps the length of what a pointer points at before it. */
const lengthBefore = 4;

/** Puts text or bytes where the function expects them; answers the arguments that stand for them. */
export function giveText(place: TextMemory, type: 'string' | 'bytes', value: string): number[] {
  const { allocator, exports } = place;
  const allocate = allocator && exports[allocator.name];
  if (allocator === undefined || !isFunction(allocate)) throw new Refusal('invalid', 'It exports no function that makes room for text.');
  const isManaged = allocator.kind === 'assemblyscript';
  const bytes = Buffer.from(value, type === 'bytes' ? 'base64' : isManaged ? 'utf16le' : 'utf8');
  const pointer = Number(isManaged ? allocate(bytes.length, managedClass[type]) : allocate(bytes.length)) >>> 0;
  if (pointer === 0 && bytes.length > 0) throw new Refusal('memory', `It has no room for an argument of ${bytes.length} bytes.`);
  // What is kept alive by nothing but this call could be collected when the next argument is made.
  const { __pin: pin } = exports;
  if (isManaged && isFunction(pin)) pin(pointer);
  view(place, pointer, bytes.length).set(bytes);
  return isManaged ? [pointer] : [pointer, bytes.length];
}

/** The text or bytes that a function returned, as UTF-8 or as they are. */
export function takeText(place: TextMemory, type: 'string' | 'bytes', value: unknown): Uint8Array {
  if (place.allocator?.kind === 'assemblyscript') {
    const pointer = Number(value) >>> 0;
    const length = new DataView(place.memory.buffer).getUint32(view(place, pointer - lengthBefore, lengthBefore).byteOffset, true);
    const bytes = Buffer.from(view(place, pointer, length));
    return type === 'bytes' ? bytes : Buffer.from(bytes.toString('utf16le'));
  }
  const [pointer, length] = whereabouts(place, value);
  return Buffer.from(view(place, pointer, length));
}

/** One i64 is the pointer in its upper half and the length in its lower; two i32 are those; one i32 points at text that a zero ends. */
function whereabouts({ memory }: TextMemory, value: unknown): [pointer: number, length: number] {
  if (typeof value === 'bigint') return [Number(BigInt.asUintN(32, value >> 32n)), Number(BigInt.asUintN(32, value))];
  if (Array.isArray(value)) return [Number(value[0]) >>> 0, Number(value[1]) >>> 0];
  const pointer = Number(value) >>> 0;
  const end = new Uint8Array(memory.buffer).indexOf(0, pointer);
  return [pointer, end < 0 ? Infinity : end - pointer];
}

function view({ memory }: TextMemory, pointer: number, length: number): Uint8Array {
  const { buffer } = memory;
  if (pointer < 0 || !(pointer + length <= buffer.byteLength))
    throw new Refusal('trap', 'It gave a place for text that is outside its memory.');
  return new Uint8Array(buffer, pointer, length);
}

function isFunction(value: unknown): value is Callable {
  return typeof value === 'function';
}

export const isTextType = (type: CallType): type is 'string' | 'bytes' => type === 'string' || type === 'bytes';
