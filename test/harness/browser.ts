import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

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
  if (process.platform === 'linux' && process.arch === 'x64') {
    // Makes the package unpack the shared libraries that a bare machine lacks, and use them.
    process.env['AWS_EXECUTION_ENV'] ??= 'AWS_Lambda_nodejs22.x';
    const { default: packaged } = await import('@sparticuz/chromium');
    return packaged.executablePath();
  }
  return ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
}
