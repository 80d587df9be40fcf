/**
 * `servedWorkbench.ts ADDRESS`: opens the address that `npm start` printed, as the person does who reads it, and waits
 * until Muster offers to apply the demo's compose file. It offers that when the extension is active and its host answers.
 */
import { mkdir } from 'node:fs/promises';
import { inRepository } from '../../src/build/paths.ts';
import { say } from '../../src/build/progress.ts';
import { provideSystemPackages } from '../../src/build/provision/aptPackages.ts';
import { launchBrowser } from '../support/workbench/browser.ts';

/** A first start on a busy machine. */
const limitMs = 90_000;

const [address] = process.argv.slice(2);
if (!address) throw new Error('usage: servedWorkbench.ts ADDRESS');
await provideSystemPackages({ browser: true });
const browser = await launchBrowser();
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(limitMs);
  try {
    await page.goto(address);
    await page.locator('.activitybar [aria-label^="Muster"]').first().click();
    await page.getByRole('button', { name: 'Apply Compose File' }).first().waitFor();
  } catch (error) {
    await mkdir(inRepository('out', 'screenshots'), { recursive: true });
    await page.screenshot({ path: inRepository('out', 'screenshots', 'fresh-machine.png') });
    throw error;
  }
  say('The served workbench answers, and Muster is active in it.');
} finally {
  await browser.close();
}
