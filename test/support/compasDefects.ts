import { core, firstSteps, mcp, merge, sandbox, worktree } from './behaviourFiles.ts';
import type { Behaviour } from './compasBehaviours.ts';

/** Defects of compas, and the test that fails on each of them. */
export const defects: readonly (Omit<Behaviour, 'says'> & { readonly defect: string })[] = [
  { number: 1, defect: 'abandoning deletes commits', tests: [[worktree, 'what was removed is kept']] },
  { number: 2, defect: 'rebase rewrites the target', tests: [[merge, 'a rebase replays the thread']] },
  {
    number: 3,
    defect: 'a merge leaves a staged reversal',
    tests: [
      [merge, 'edits elsewhere stay'],
      [merge, 'edits of the same file block'],
    ],
  },
  {
    number: 4,
    defect: 'a commit to the target is lost',
    tests: [['test/integration/git/mergeInterleavings.test.ts', '']],
  },
  {
    number: 5,
    defect: 'a long run is swept',
    tests: [['test/unit/core/runs/directoryRunSupervisor.test.ts', 'count what earlier hosts have used']],
  },
  { number: 6, defect: 'a crash leaves waiters hanging', tests: [[mcp, 'on a run that dies finds its error']] },
  {
    number: 7,
    defect: 'closing does not stop runs',
    tests: [
      [mcp, 'stops its agent, and nothing runs'],
      [core('retries'), 'is not tried again on a thread that was closed'],
    ],
  },
  {
    number: 8,
    defect: 'abandoning counts as a failure',
    tests: [[core('retries'), 'is tried again when the run that was to show it']],
  },
  { number: 9, defect: 'the breaker sticks', tests: [[core('retries'), 'is left alone again when the one']] },
  {
    number: 10,
    defect: 'circles without end',
    tests: [
      [core('chains'), 'needs a person when the two do not agree'],
      [core('chains'), 'of a task that failed goes'],
    ],
  },
  {
    number: 11,
    defect: 'reviewers see the main checkout',
    tests: [[core('chains'), 'puts aside what a reviewer changed']],
  },
  { number: 12, defect: 'an approval ends no loop', tests: [[core('chains'), 'ends when the reviewer approves']] },
  {
    number: 13,
    defect: 'an error result is a success',
    tests: [['test/unit/core/agents/parsing.test.ts', 'is a failure even when the exit code is 0']],
  },
  {
    number: 14,
    defect: 'a prompt is ignored',
    tests: [['test/unit/core/agents/commands.test.ts', 'stands in front of the first prompt']],
  },
  { number: 15, defect: 'hooks that never fire', tests: [['test/protocol/hooks.test.ts', 'hooks hear of runs']] },
  {
    number: 16,
    defect: 'the default target is ignored',
    tests: [[core('merges'), 'a thread that did not start from a branch']],
  },
  { number: 17, defect: 'inherited variables are not stripped', tests: [[sandbox, 'the environment is the launch']] },
  {
    number: 18,
    defect: 'a grandchild holds a timeout up',
    tests: [[core('runLifecycle'), 'what the agent left in the background']],
  },
  { number: 19, defect: 'cuts in the middle of a character', tests: [['test/integration/process/output.test.ts', '']] },
  {
    number: 20,
    defect: 'bytes that are no UTF-8 end reading',
    tests: [['test/integration/process/output.test.ts', 'bytes that are not UTF-8']],
  },
  { number: 21, defect: 'a log outside of the folder', tests: [[sandbox, 'as the name of a run file']] },
  { number: 22, defect: 'what waits is shown as running', tests: [[core('retries'), 'starts when it is time']] },
  { number: 23, defect: 'a new schedule fires at once', tests: [[core('schedules'), 'fires by cron']] },
  {
    number: 24,
    defect: 'a failed worktree falls back to the checkout',
    tests: [[core('runLifecycle'), 'a worktree that cannot be made']],
  },
  { number: 25, defect: 'worktrees show in git status', tests: [[worktree, 'a new worktree starts from']] },
  { number: 26, defect: 'file names lose a letter', tests: [[worktree, 'state lists uncommitted files']] },
  {
    number: 27,
    defect: 'a retry forgets skip_handoff',
    tests: [[core('retries'), 'is tried again with what its message asked']],
  },
  { number: 28, defect: 'init points elsewhere', tests: [[firstSteps, 'writes a file with the first agent']] },
  {
    number: 29,
    defect: 'what is held back is told as started',
    tests: [[core('retries'), 'is left alone for a minute']],
  },
  { number: 30, defect: 'mistakes of the terminal dashboard', tests: [['test/webview/board.test.ts', '']] },
  { number: 31, defect: 'a timeout does not stop git', tests: [['test/integration/git/silence.test.ts', '']] },
  { number: 32, defect: 'zero as a limit', tests: [['test/integration/compose/corpus.test.ts', '']] },
];
