// Functions that take and return text, to be called by name.

export function greet(name: string): string {
  return "Hello, " + name + "!";
}

export function join(first: string, second: string, times: i32): string {
  let text = "";
  for (let i = 0; i < times; i++) text += first + second;
  return text;
}

export function length(text: string): i32 {
  return text.length;
}

export function reverse(bytes: ArrayBuffer): ArrayBuffer {
  return Uint8Array.wrap(bytes).slice().reverse().buffer;
}

/** Makes rubbish so that the collector runs between the arguments and the answer. */
export function rubbish(text: string, rounds: i32): string {
  let last = text;
  for (let i = 0; i < rounds; i++) last = text + i.toString();
  return last;
}
