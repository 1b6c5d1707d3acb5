// Reads CSV (RFC 4180) from the body and answers a JSON array with one object a row, keyed by the header row.
import { Bytes } from '../../shared/bytes';
import { answer, readBody, refuse, send } from '../../shared/cgi';
import { Row } from './row';
import { requireUtf8 } from './utf8';

const comma: u32 = 0x2c;
const quote: u32 = 0x22;
const lineFeed: u32 = 0x0a;
const carriageReturn: u32 = 0x0d;
const mostColumns = 4096;

let body: Bytes = new Bytes(0);
let position: i32 = 0;
/** The line that an editor would show, for messages. */
let line: i32 = 1;

export function _start(): void {
  body = readBody();
  requireUtf8(body);
  if (body.length >= 3 && body.at(0) === 0xef && body.at(1) === 0xbb && body.at(2) === 0xbf) position = 3;
  if (position === body.length) refuse('The body is empty. Send CSV whose first row names the columns.');

  const header = new Row();
  const row = new Row();
  readRow(header);
  requireDistinct(header);
  const json = answer('application/json', body.length + 65536);
  json.push(0x5b);
  let rows = 0;
  while (position < body.length) {
    const firstLine = line;
    readRow(row);
    if (row.isBlank() && header.count > 1) continue;
    if (row.count !== header.count) {
      refuse(
        'The row on line ' +
          firstLine.toString() +
          ' has ' +
          row.count.toString() +
          ' fields, but the header has ' +
          header.count.toString() +
          '. Add or remove commas, or quote the fields that hold one.',
      );
    }
    json.text(rows++ === 0 ? '\n' : ',\n');
    writeObject(json, header, row);
  }
  json.text(rows === 0 ? ']\n' : '\n]\n');
  send(json);
}

function requireDistinct(header: Row): void {
  if (header.count > mostColumns) refuse('The header has more than ' + mostColumns.toString() + ' columns.');
  for (let a = 0; a < header.count; a++) {
    for (let b = 0; b < a; b++) {
      if (header.areEqual(a, b)) {
        refuse('Columns ' + (b + 1).toString() + ' and ' + (a + 1).toString() + ' have the same name. Give every column its own.');
      }
    }
  }
}

function readRow(row: Row): void {
  row.clear();
  for (;;) {
    if (position < body.length && body.at(position) === quote) readQuoted(row);
    else readPlain(row);
    if (position === body.length) return;
    const end = body.at(position++);
    if (end === comma) continue;
    if (end === carriageReturn && position < body.length && body.at(position) === lineFeed) position++;
    line++;
    return;
  }
}

function endsField(byte: u32): bool {
  return byte === comma || byte === lineFeed || byte === carriageReturn;
}

function readPlain(row: Row): void {
  const start = position;
  for (; position < body.length && !endsField(body.at(position)); position++) {
    if (body.at(position) === quote) {
      refuse('A quote stands inside an unquoted field on line ' + line.toString() + '. Quote the whole field and write the quote twice.');
    }
  }
  row.add(body.pointer + start, position - start);
}

/** A doubled quote stands for one. The field is put together in place: it only ever gets shorter. */
function readQuoted(row: Row): void {
  const openedOn = line;
  const start = body.pointer + ++position;
  let end = start;
  for (; position < body.length; position++) {
    const byte = body.at(position);
    if (byte === quote) {
      position++;
      if (position === body.length || endsField(body.at(position))) {
        row.add(start, <i32>(end - start));
        return;
      }
      if (body.at(position) !== quote) {
        refuse(
          'Something follows a closing quote on line ' + line.toString() + '. Put a comma there, or write a quote inside a field twice.',
        );
      }
    }
    if (byte === lineFeed) line++;
    store<u8>(end++, <u8>byte);
  }
  refuse('The quote opened on line ' + openedOn.toString() + ' is never closed.');
}

function writeObject(json: Bytes, header: Row, row: Row): void {
  json.push(0x7b);
  for (let column = 0; column < row.count; column++) {
    if (column > 0) json.push(comma);
    writeString(json, header.start(column), header.length(column));
    json.push(0x3a);
    writeString(json, row.start(column), row.length(column));
  }
  json.push(0x7d);
}

/** RFC 8259 section 7. */
function writeString(json: Bytes, start: usize, length: i32): void {
  json.push(quote);
  for (let index = 0; index < length; index++) {
    const byte: u32 = load<u8>(start + index);
    if (byte === quote || byte === 0x5c) {
      json.push(0x5c);
      json.push(byte);
    } else if (byte === lineFeed) json.text('\\n');
    else if (byte === carriageReturn) json.text('\\r');
    else if (byte === 0x09) json.text('\\t');
    else if (byte < 0x20) {
      json.text('\\u00');
      json.push(0x30 + (byte >> 4));
      json.push((byte & 15) < 10 ? 0x30 + (byte & 15) : 0x57 + (byte & 15));
    } else json.push(byte);
  }
  json.push(quote);
}
