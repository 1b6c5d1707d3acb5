// The contract tool/1: describes the tool, or hands the input on and writes the output.
import { Json, parse, quote } from './json';
import { exit, lastArgument, readInput, writeOutput } from './wasi';

export function serve(description: string, run: (input: Json) => string): void {
  const mode = lastArgument();
  writeOutput((mode == '--mcp-describe' || mode == '--mcp-schema' ? description : run(parse(readInput()))) + '\n');
}

/** Ends the call: the code and the message reach the caller. */
export function refuse(code: string, message: string): void {
  writeOutput('{"error":{"code":' + quote(code) + ',"message":' + quote(message) + '}}\n');
  exit(1);
}
