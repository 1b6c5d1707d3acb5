import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** What IANA's registries of special-purpose addresses (RFC 6890) do not call global, and multicast. */
const special = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  special.addSubnet(network, prefix);

/** Global unicast is 2000::/3; these parts of it are not, or lead to addresses of IPv4 that are judged apart. */
const global = new BlockList();
global.addSubnet('2000::', 3, 'ipv6');
const notGlobal = new BlockList();
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  notGlobal.addSubnet(network, prefix, 'ipv6');

/** Whether an address is one of the public internet. Everything that is not known to be is not. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special.check(address);
  if (!isIPv6(address)) return false;
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (mapped !== undefined) return isPublicAddress(mapped);
  return global.check(address, 'ipv6') && !notGlobal.check(address, 'ipv6');
}
