import { request } from 'node:http';
import type { Person, TestNode } from '../../../testing/test-node.ts';
import { elementsOf, isDav, parseXml, type XmlElement } from '../xml.ts';

export type DavAnswer = { status: number; headers: Record<string, string>; body: string };
export type DavOptions = { headers?: Record<string, string>; body?: string | Buffer };

/** Sends a request exactly as given: `fetch` would tidy up the path and refuse some methods. */
export function openClient(node: TestNode, person?: Person) {
  const { hostname, port } = new URL(node.url);
  return (method: string, path: string, { headers = {}, body }: DavOptions = {}): Promise<DavAnswer> =>
    new Promise((resolve, reject) => {
      const authorization = person && { authorization: `Bearer ${person.token}` };
      const length = body !== undefined && { 'content-length': String(Buffer.byteLength(body)) };
      const sent = request({ hostname, port, method, path, headers: { ...authorization, ...length, ...headers } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const known = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
          resolve({ status: response.statusCode ?? 0, headers: Object.fromEntries(known), body: Buffer.concat(chunks).toString() });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
}
export type DavClient = ReturnType<typeof openClient>;

export type Told = { status: number; element: XmlElement };

/** What a multistatus says: for each address, its properties by "namespace name". */
export function readMultistatus(body: string): Map<string, Map<string, Told>> {
  const answer = new Map<string, Map<string, Told>>();
  for (const response of elementsOf(parseXml(Buffer.from(body)))) {
    const properties = new Map<string, Told>();
    let href = '';
    for (const part of elementsOf(response)) {
      if (isDav(part, 'href')) href = textOf(part);
      if (!isDav(part, 'propstat')) continue;
      const [prop, status] = elementsOf(part);
      for (const element of prop ? elementsOf(prop) : [])
        properties.set(`${element.namespace} ${element.name}`, { status: Number(status && textOf(status).split(' ')[1]), element });
    }
    answer.set(href, properties);
  }
  return answer;
}

export const textOf = ({ children }: XmlElement): string =>
  children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('');
