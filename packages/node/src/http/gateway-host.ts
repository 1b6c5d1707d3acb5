/** A host name that exists for published content alone: nothing else of the node is reached under it. */
export type GatewayHost = {
  /** Name and port of the gateway, without the label of the content. */
  gateway: string;
  /** The content that the host stands for, `<label>.ipfs.<gateway>`; undefined on the gateway's own name. */
  site: { space: 'ipfs' | 'ipns'; label: string } | undefined;
};

/** Where routes of sites lie: requests to such a host are moved below it, so that no other path is ever matched for them. */
export const sitePrefix = '/.site';
const nowhere = '/.nowhere';

/** Reads a Host header. `localhost` is always a gateway for sites, as browsers resolve every name below it to this machine. */
export function gatewayHostOf(header: string | undefined, gateways: readonly string[]): GatewayHost | undefined {
  const [, name = '', port = ''] = /^([a-z0-9.-]+)(:\d{1,5})?$/.exec(header?.toLowerCase() ?? '') ?? [];
  const [, label, space, rest] = /^([a-z0-9-]{1,63})\.(ipfs|ipns)\.(.+)$/.exec(name) ?? [];
  if (label !== undefined && rest !== undefined && (rest === 'localhost' || gateways.includes(rest)))
    return { gateway: rest + port, site: { space: space === 'ipns' ? 'ipns' : 'ipfs', label } };
  return gateways.includes(name) ? { gateway: name + port, site: undefined } : undefined;
}

/** The path under which a request is routed. Whatever is asked of a gateway host, it can only end at the gateway. */
export function routedUrl(url: string, header: string | undefined, gateways: readonly string[]): string {
  const host = gatewayHostOf(header, gateways);
  if (!host || !url.startsWith('/')) return url;
  if (host.site) return sitePrefix + url;
  return /^\/ip[fn]s(\/|\?|$)/.test(url) ? url : nowhere + url;
}
