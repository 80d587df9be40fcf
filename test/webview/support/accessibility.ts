import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds wrong, one line each: rule, what it says, where. */
export async function accessibilityProblems(page: Page): Promise<readonly string[]> {
  // The debugger evaluates it, so the page's policy stays as strict as it ships.
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const axe = (window as unknown as { axe: { run: (root: Node, options: object) => Promise<Results> } }).axe;
    const results = await axe.run(document, { resultTypes: ['violations'] });
    return results.violations.flatMap(violation =>
      violation.nodes.map(
        node => `${violation.id}: ${violation.help}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`,
      ),
    );
  });
}

interface Results {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
  }[];
}
