import { chromium, type Browser } from 'playwright-core';
import { chromiumFlags, findChromium } from '../../../src/build/provision/chromium.ts';

/** Starts the browser that a workbench is shown in. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), headless: true, args: chromiumFlags });
}
