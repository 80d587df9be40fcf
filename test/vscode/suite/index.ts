import { appendFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { runAll } from './registry.js';
import './activation.test.js';
import './attempts.test.js';
import './chat.test.js';
import './composeApply.test.js';
import './compose.test.js';
import './dispatch.test.js';
import './elsewhere.test.js';
import './guestServers.test.js';
import './notebooks.test.js';
import './path.test.js';
import './review.test.js';
import './sandboxes.test.js';
import './schedules.test.js';
import './severalRepositories.test.js';
import './terminal.test.js';
import './worktrees.test.js';

/** Called by VS Code inside the extension host. Rejecting makes the run fail. */
export async function run(): Promise<void> {
  // What an extension host prints reaches nobody; the runner follows this file.
  const output = process.env['MUSTER_TEST_OUTPUT'];
  const result = await runAll(line => (output ? appendFileSync(output, `${line}\n`) : console.log(line)));
  const file = process.env['MUSTER_TEST_RESULTS'];
  if (file) await writeFile(file, JSON.stringify(result));
  if (result.failed > 0) throw new Error(`${result.failed} failed`);
}
