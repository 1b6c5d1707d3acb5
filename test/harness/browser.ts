import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { root } from './node-process.ts';

/** Chromium for the tests: the one that npm brings (x64), else one that the system has. Undefined with the reason where there is none. */
export async function launchBrowser(): Promise<{ browser: Browser } | { missing: string }> {
  const executablePath = await findChromium();
  if (!executablePath)
    return {
      missing: `No Chromium for ${process.platform}-${process.arch}: npm has one for Linux x64 only. Install one (Debian: apt install chromium) and run the tests again.`,
    };
  return {
    browser: await chromium.launch({
      executablePath,
      headless: true,
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--force-color-profile=srgb'],
    }),
  };
}

async function findChromium(): Promise<string | undefined> {
  if (process.platform === 'linux' && process.arch === 'x64') return unpackChromium();
  return ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
}

/**
 * Unpacks the Chromium that npm brings, with the shared libraries that a bare machine lacks. The package unpacks into the
 * temporary directory; ours keeps one user's browser apart from another's.
 */
async function unpackChromium(): Promise<string> {
  const { TMPDIR } = process.env;
  const directory = join(root, '.cache', 'chromium');
  mkdirSync(directory, { recursive: true });
  process.env['TMPDIR'] = directory;
  process.env['AWS_EXECUTION_ENV'] ??= 'AWS_Lambda_nodejs22.x';
  try {
    const { default: packaged } = await import('@sparticuz/chromium');
    const executable = await packaged.executablePath();
    nameFonts(join(directory, 'fonts'));
    return executable;
  } finally {
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
  }
}

/** The configuration that comes with the fonts of the package names another folder; without fonts the browser draws no text at all. Few fonts, so that pictures are the same everywhere. */
function nameFonts(directory: string): void {
  const configuration = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${directory}</dir>
  <dir>/usr/share/fonts/truetype/dejavu</dir>
  <cachedir>${join(directory, 'cache')}</cachedir>
</fontconfig>
`;
  writeFileSync(join(directory, 'fonts.conf'), configuration);
  process.env['FONTCONFIG_PATH'] = directory;
}
