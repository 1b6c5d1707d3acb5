import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkOf } from './network.ts';

test('an address is kept as its network only', () => {
  const table = {
    '203.0.113.7': '203.0.113.0/24',
    '::ffff:203.0.113.7': '203.0.113.0/24',
    '127.0.0.1': '127.0.0.0/24',
    '::1': '::1',
    '2001:db8:0a:b::5': '2001:db8:a::/48',
    '2001:db8::5': '2001:db8:0::/48',
    '2001:DB8:A:1:2:3:4:5': '2001:db8:a::/48',
    'fe80::1%eth0': 'fe80:0:0::/48',
    '::5:6': '0:0:0::/48',
    '': 'unknown',
    'not an address': 'unknown',
  };
  for (const [ip, network] of Object.entries(table)) assert.equal(networkOf(ip), network, ip);
});
