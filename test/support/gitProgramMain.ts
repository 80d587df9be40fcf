import { writeFileSync } from 'node:fs';
import { silentLog } from '../../src/base/log.js';
import { performMerge } from '../../src/core/merges/performMerge.js';
import { createGitMergeDriver } from '../../src/drivers/git/merge/gitMergeDriver.js';
import { createGitWorktreeDriver } from '../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { withRepositoryLock } from '../../src/drivers/git/repository/repositoryLock.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import { fileJournal } from './fileJournal.js';
import type { GitTaskInput } from './gitProgram.js';
import { killAtOperation } from './killAtOperation.js';

const { stateDir, binary, task, killAt } = JSON.parse(process.argv[2] ?? '') as GitTaskInput;
const operations = killAtOperation(killAt ?? Infinity);
const clock = createNodeClock();
const options = { stateDir, clock, log: silentLog, ...(binary === undefined ? {} : { binary }) };
const signal = new AbortController().signal;

switch (task.kind) {
  case 'create': {
    const driver = createGitWorktreeDriver(options);
    await Promise.all(task.requests.map(request => driver.create(request, signal)));
    break;
  }
  case 'merge':
    console.log(
      JSON.stringify(
        await performMerge(createGitMergeDriver({ ...options, journal: fileJournal(stateDir) }), task.request, signal),
      ),
    );
    break;
  case 'undo': {
    const driver = createGitMergeDriver({ ...options, journal: fileJournal(stateDir) });
    let outcome = await driver.undo(task.request, signal);
    // As the service does: what was computed for a target that moved is computed again.
    if (outcome.kind === 'moved') outcome = await driver.undo(task.request, signal);
    console.log(JSON.stringify(outcome));
    break;
  }
  case 'hold':
    await withRepositoryLock({ commonDir: task.commonDir, clock }, async () => {
      console.log('held');
      await clock.sleep(600_000, signal);
    });
    break;
}
const made = operations();
if (killAt !== undefined) writeFileSync(`${stateDir}/operations`, String(made));
