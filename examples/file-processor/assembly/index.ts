// Counts the lines, words and characters of a file: file-processor FILE [all|lines|words|chars] [RESULT].
// FILE and RESULT are paths below the first folder that it was given. What it counted goes to standard output as JSON, and
// as a few lines of text into RESULT. The file is read piece by piece, so it may be larger than the memory of the program.
import { Bytes } from '../../shared/bytes';
import { args, openFile, readPiece, writeFile } from '../../shared/program';
import { exit, writeOutput } from '../../shared/wasi';
import { fd_write } from '../../shared/wasi_snapshot_preview1';

const lineFeed: u32 = 0x0a;
const vector = memory.data(8);
const answer = memory.data(4);

export function _start(): void {
  const given = args();
  if (given.length < 2) fail('Name a file.');
  const operation = given.length > 2 ? given[2] : 'all';
  if (operation !== 'all' && operation !== 'lines' && operation !== 'words' && operation !== 'chars')
    fail('There is no operation ' + operation + '. Choose all, lines, words or chars.');
  const file = openFile(given[1], false);
  if (file < 0) fail(given[1] + ' cannot be opened (error ' + (-file).toString() + ').');

  let lines: i64 = 0;
  let words: i64 = 0;
  let characters: i64 = 0;
  let inWord = false;
  let last: u32 = lineFeed;
  const piece = new Bytes(65536);
  let count = readPiece(file, piece);
  for (; count > 0; count = readPiece(file, piece)) {
    for (let index = 0; index < count; index++) {
      const byte = piece.at(index);
      last = byte;
      if (byte === lineFeed) lines++;
      // In UTF-8 each character has one byte that is no continuation.
      if ((byte & 0xc0) !== 0x80) characters++;
      const isSpace = byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
      if (!isSpace && !inWord) words++;
      inWord = !isSpace;
    }
  }
  if (count < 0) fail(given[1] + ' cannot be read (error ' + (-count).toString() + ').');
  // A last line counts, too, when nothing ends it.
  if (last !== lineFeed) lines++;

  const json = new Bytes(256);
  const report = new Bytes(256);
  json.text('{');
  add(json, report, 'lines', lines, operation);
  add(json, report, 'words', words, operation);
  add(json, report, 'chars', characters, operation);
  json.text('}\n');
  if (given.length > 3) {
    const failed = writeFile(given[3], report);
    if (failed !== 0) fail(given[3] + ' cannot be written (error ' + failed.toString() + ').');
  }
  writeOutput(json);
}

function add(json: Bytes, report: Bytes, name: string, count: i64, operation: string): void {
  if (operation !== 'all' && operation !== name) return;
  json.text((json.length > 1 ? ',"' : '"') + name + '":' + count.toString());
  report.text(name + ': ' + count.toString() + '\n');
}

/** Says why on standard error and ends with an error code, so that nothing is kept. */
function fail(message: string): void {
  const bytes = new Bytes(256);
  bytes.text(message + '\n');
  store<usize>(vector, bytes.pointer);
  store<i32>(vector, bytes.length, 4);
  fd_write(2, vector, 1, answer);
  exit(1);
}
