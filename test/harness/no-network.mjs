// Preloaded into a node under test: any attempt to leave this machine ends the process with a loud word.
import dns from 'node:dns';
import net from 'node:net';

const isHere = (host) => host === undefined || /^(localhost|::1|127\.\d+\.\d+\.\d+)$/.test(host);
const refuse = (what) => {
  process.stderr.write(`LEFT THE MACHINE: ${what}\n`, () => process.exit(77));
};

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function guarded(...args) {
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  const host = typeof options === 'object' && options !== null ? options.host : args[1];
  if (typeof host === 'string' && !isHere(host)) return refuse(`a connection to ${host}`);
  return connect.apply(this, args);
};

const { lookup } = dns;
dns.lookup = (name, ...rest) => (isHere(name) ? lookup(name, ...rest) : refuse(`a look-up of ${name}`));
