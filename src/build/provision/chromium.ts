import { existsSync } from 'node:fs';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The browser that the VS Code suites drive: `MUSTER_CHROMIUM`, else the first one found. */
export function findChromium(): string {
  const found = [process.env['MUSTER_CHROMIUM'], ...places].find(path => path && existsSync(path));
  if (!found)
    throw new Error('No Chromium was found. Install it (Debian: apt-get install chromium) or set MUSTER_CHROMIUM.');
  return found;
}

/** Flags without which it does not run as root, without a screen and without reaching for the network. */
export const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
