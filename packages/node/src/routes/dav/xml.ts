import { SaxesParser, type SaxesTagNS } from 'saxes';
import { DavError } from './error.ts';

export type XmlName = { namespace: string; name: string };
export type XmlElement = XmlName & {
  attributes: readonly (XmlName & { value: string })[];
  /** The `xml:lang` in force here, also when an element above gave it. */
  language: string | undefined;
  children: (XmlElement | string)[];
};

export const davNamespace = 'DAV:';
const xmlNamespace = 'http://www.w3.org/XML/1998/namespace';
const declarations = 'http://www.w3.org/2000/xmlns/';
const maximumDepth = 100;
const maximumElements = 20_000;

export const isDav = (element: XmlName, name: string): boolean => element.namespace === davNamespace && element.name === name;
export const elementsOf = ({ children }: XmlElement): XmlElement[] => children.filter((child) => typeof child !== 'string');
export const childOf = (parent: XmlElement, name: string): XmlElement | undefined =>
  elementsOf(parent).find((element) => isDav(element, name));

/**
 * Reads a small document, in UTF-8 or UTF-16, with namespaces resolved. A document type is refused, and with it every entity but
 * the five that XML itself has: nothing here expands or is fetched. Errors: `dav_invalid`.
 */
export function parseXml(bytes: Uint8Array): XmlElement {
  const parser = new SaxesParser({ xmlns: true, position: false });
  const open: XmlElement[] = [];
  let root: XmlElement | undefined;
  let count = 0;
  const refuse = (reason: string): never => {
    throw new DavError('dav_invalid', `The body is not XML that WebDAV takes: ${reason}`);
  };

  parser.on('error', () => refuse('it is not well-formed, or uses a namespace that it does not declare.'));
  parser.on('doctype', () => refuse('it has a document type. Leave it out.'));
  parser.on('opentag', (tag) => {
    if (++count > maximumElements || open.length >= maximumDepth) refuse('it has too many elements.');
    const parent = open.at(-1);
    const element = toElement(tag, parent?.language);
    parent?.children.push(element);
    root ??= element;
    open.push(element);
  });
  parser.on('closetag', () => open.pop());
  const text = (value: string) => open.at(-1)?.children.push(value);
  parser.on('text', text);
  parser.on('cdata', text);
  parser.write(decode(bytes)).close();
  return root ?? refuse('it is empty.');
}

function toElement({ uri, local, attributes }: SaxesTagNS, above: string | undefined): XmlElement {
  const own = Object.values(attributes)
    .filter((attribute) => attribute.uri !== declarations)
    .map((attribute) => ({ namespace: attribute.uri, name: attribute.local, value: attribute.value }));
  const language = own.find(({ namespace, name }) => namespace === xmlNamespace && name === 'lang')?.value ?? above;
  return { namespace: uri, name: local, attributes: own, language, children: [] };
}

function decode(bytes: Uint8Array): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new DavError('dav_invalid', 'The body is not text in UTF-8 or UTF-16.');
  }
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' };

/** Text for an element or a quoted attribute. What XML 1.0 cannot hold becomes U+FFFD. */
export const escapeXml = (text: string): string =>
  text
    .replace(/[&<>"\r]/g, (character) => escapes[character] ?? character)
    // oxlint-disable-next-line no-control-regex -- these are the ones that XML cannot hold
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd');

/** An element that stands by itself wherever it is put: it declares its namespaces and says its language. */
export function serializeXml(element: XmlElement): string {
  const isSaid = element.attributes.some(({ namespace, name }) => namespace === xmlNamespace && name === 'lang');
  const language = { namespace: xmlNamespace, name: 'lang', value: element.language ?? '' };
  return write(
    element.language === undefined || isSaid ? element : { ...element, attributes: [...element.attributes, language] },
    undefined,
  );
}

function write({ namespace, name, attributes, children }: XmlElement, inherited: string | undefined): string {
  const declared = namespace === inherited ? '' : ` xmlns="${escapeXml(namespace)}"`;
  const written = attributes.map((attribute, index) => writeAttribute(attribute, index)).join('');
  if (children.length === 0) return `<${name}${declared}${written}/>`;
  const inside = children.map((child) => (typeof child === 'string' ? escapeXml(child) : write(child, namespace))).join('');
  return `<${name}${declared}${written}>${inside}</${name}>`;
}

function writeAttribute({ namespace, name, value }: XmlName & { value: string }, index: number): string {
  const content = escapeXml(value).replace(/[\t\n]/g, (character) => (character === '\t' ? '&#9;' : '&#10;'));
  if (namespace === '') return ` ${name}="${content}"`;
  if (namespace === xmlNamespace) return ` xml:${name}="${content}"`;
  return ` xmlns:a${index}="${escapeXml(namespace)}" a${index}:${name}="${content}"`;
}
