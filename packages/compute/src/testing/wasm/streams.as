// A WASI guest that writes, and in between waits or works: its first argument says how.

import { poll_oneoff, write, utf8, args, scratch, out, clock_time_get } from "./wasi";

function say(text: string): void {
  write(1, utf8(text));
}

function pause(ms: u64): void {
  memory.fill(scratch, 0, 48);
  store<u32>(scratch, 1, 16);
  store<u64>(scratch, ms * 1000000, 24);
  poll_oneoff(scratch, scratch + 64, 1, out);
}

function now(): u64 {
  clock_time_get(1, 1, out);
  return load<u64>(out);
}

function work(ms: u64): void {
  const until = now() + ms * 1000000;
  while (now() < until) {}
}

export function _start(): void {
  const what = args().length > 1 ? args()[1] : "";
  if (what == "once") say("Content-Type: text/plain\n\nhello\n");
  else if (what == "flood") while (true) say("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\n");
  else {
    say("Content-Type: text/plain\n\nfirst\n");
    if (what == "work") {
      work(20);
      say("then\n");
      work(300);
    } else pause(300);
    say("last\n");
  }
}
