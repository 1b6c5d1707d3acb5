// CGI as the node speaks it (RFC 3875): the request in the environment and on standard input, the answer on standard output.
import { Bytes } from './bytes';
import { environment, exit, readInput, writeOutput } from './wasi';

export { writeOutput as send } from './wasi';

export function readBody(): Bytes {
  const declared = environment('CONTENT_LENGTH');
  return readInput(declared === '' ? 0 : i32.parse(declared));
}

/** The raw value of a query parameter, empty when there is none. */
export function queryParameter(name: string): string {
  const pairs = environment('QUERY_STRING').split('&');
  for (let index = 0; index < pairs.length; index++) {
    if (pairs[index].startsWith(name + '=')) return pairs[index].substring(name.length + 1);
  }
  return '';
}

/** Begins an answer: write the body behind it and give it to `send`. */
export function answer(contentType: string, capacity: i32 = 4096): Bytes {
  const bytes = new Bytes(capacity);
  bytes.text('Content-Type: ' + contentType + '\r\n\r\n');
  return bytes;
}

/** Ends the call: 422 and a sentence that says what is wrong with the input and what to do. `message` is plain ASCII. */
export function refuse(message: string): void {
  const bytes = new Bytes();
  bytes.text('Status: 422\r\nContent-Type: application/json\r\n\r\n');
  bytes.text('{"error":"' + message.replaceAll('\\', '\\\\').replaceAll('"', '\\"') + '"}\n');
  writeOutput(bytes);
  exit(0);
}
