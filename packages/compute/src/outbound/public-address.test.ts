import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { isPublicAddress } from './public-address.ts';

test('only addresses of the public internet are public', () => {
  verifies('compute.javascript.fetch');
  const inside = [
    '127.0.0.1 127.255.255.254 0.0.0.0 10.1.2.3 100.64.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.168.1.1 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255',
    ':: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 fe80::1 fc00::1 fd12::1 ff02::1 64:ff9b::7f00:1 2002:7f00:1:: 2001:db8::1 2001::1 100::1 ::127.0.0.1',
  ];
  for (const address of inside.join(' ').split(' ')) assert.equal(isPublicAddress(address), false, address);
  for (const name of ['localhost', '', '2130706433', '0x7f.1', '127.1']) assert.equal(isPublicAddress(name), false, name);
  for (const address of ['1.1.1.1', '8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:1.1.1.1'])
    assert.equal(isPublicAddress(address), true, address);
});
