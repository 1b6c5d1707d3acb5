// A function of the web: the request is in the environment and on standard input (CGI), the answer goes to standard output.
import { environment, writeOutput } from './wasi';

function parameter(name: string): string {
  const pairs = environment('QUERY_STRING').split('&');
  for (let index = 0; index < pairs.length; index++) {
    if (pairs[index].startsWith(name + '=')) return decodeURIComponent(pairs[index].substring(name.length + 1).replaceAll('+', ' '));
  }
  return '';
}

export function _start(): void {
  const name = parameter('name');
  writeOutput('Content-Type: text/plain; charset=utf-8\r\n\r\nHello, ' + (name == '' ? 'world' : name) + '!\n');
}
