/** Usage: load-client.ts URL CONNECTIONS SECONDS. Prints what came of it as JSON. Used where wrk is not installed. */
import { connect } from 'node:net';
import { percentile } from './statistics.ts';

const [address = '', connections = '1', seconds = '1'] = process.argv.slice(2);
const url = new URL(address);
const request = `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`;
const latencies: number[] = [];
let errors = 0;
const begun = performance.now();
const end = begun + Number(seconds) * 1000;

/** The length of the first whole answer in the text, 0 while it is not there. Bodies come with their length, or chunked. */
function lengthOf(text: string): number {
  const head = text.indexOf('\r\n\r\n') + 4;
  if (head < 4) return 0;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head));
  const whole = length ? head + Number(length[1]) : text.indexOf('0\r\n\r\n', head) + 5;
  return whole > head - 1 && text.length >= whole && (length || whole > 5) ? whole : 0;
}

function run(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = performance.now();
  let text = '';
  const socket = connect(Number(url.port), url.hostname, () => socket.write(request));
  socket.setNoDelay(true).setEncoding('latin1');
  socket.on('data', (piece: string) => {
    text += piece;
    const length = lengthOf(text);
    if (length === 0) return;
    const now = performance.now();
    latencies.push((now - asked) * 1000);
    if (!text.startsWith('HTTP/1.1 2')) errors++;
    text = text.slice(length);
    asked = now;
    if (now < end) socket.write(request);
    else socket.end();
  });
  socket.on('error', () => errors++);
  socket.on('close', () => resolve());
  return promise;
}

await Promise.all(Array.from({ length: Number(connections) }, run));
const rate = (latencies.length * 1000) / (performance.now() - begun);
console.log(JSON.stringify({ rate, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), errors }));
