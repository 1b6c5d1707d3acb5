// A tool: it says what it is told, in capitals.

import { args, read, write, utf8 } from "./wasi";

const description = '{"contract":"tool/1","name":"shout","title":"Shout","description":"Says it louder","inputSchema":{"type":"object","properties":{"text":{"type":"string","maxLength":100}},"required":["text"]},"outputSchema":{"type":"string","pattern":"^[A-Z !]*$"},"limits":{"memoryMb":32,"wallMs":3000},"examples":[{"input":{"text":"hello"},"output":"HELLO"}]}\n';

export function _start(): void {
  const given = args();
  if (given[given.length - 1] == "--mcp-describe") {
    write(1, utf8(description));
    return;
  }
  const input = read(0);
  const from = input.indexOf('"', input.indexOf(":")) + 1;
  write(1, utf8('"' + input.substring(from, input.lastIndexOf('"')).toUpperCase() + '"\n'));
}
