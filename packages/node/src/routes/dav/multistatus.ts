import { escapeXml } from './xml.ts';

export const xmlType = 'application/xml; charset=utf-8';
export const multistatusBegin = '<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">';
export const multistatusEnd = '</D:multistatus>\n';

const reasons: Record<number, string> = {
  200: 'OK',
  403: 'Forbidden',
  404: 'Not Found',
  424: 'Failed Dependency',
  507: 'Insufficient Storage',
};
export const statusLine = (status: number): string => `<D:status>HTTP/1.1 ${status} ${reasons[status] ?? ''}</D:status>`;

/** Properties (elements in XML) that share a status; nothing when there are none. */
export const propstat = (status: number, properties: readonly string[], error = ''): string =>
  properties.length === 0 ? '' : `<D:propstat><D:prop>${properties.join('')}</D:prop>${statusLine(status)}${error}</D:propstat>`;

export const responseOf = (href: string, content: string): string =>
  `<D:response><D:href>${escapeXml(href)}</D:href>${content || `<D:propstat><D:prop/>${statusLine(200)}</D:propstat>`}</D:response>\n`;
