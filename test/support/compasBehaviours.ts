import { core, firstSteps, mcp, merge, sandbox, store, worktree } from './behaviourFiles.ts';

/**
 * The 94 behaviours by which compas' own tests hold it, and what holds ours. A title is the beginning or a part of a test's own.
 * `ours`: where Muster does something else on purpose, and what. `open`: what no test of ours shows yet.
 */
export interface Behaviour {
  readonly number: number;
  readonly says: string;
  readonly tests: readonly (readonly [file: string, title: string])[];
  readonly ours?: string;
  readonly open?: string;
}

export const behaviours: readonly Behaviour[] = [
  { number: 1, says: 'a dispatch returns thread and message', tests: [[mcp, 'take a task from dispatch']] },
  { number: 2, says: 'without a thread id there is a new one', tests: [[mcp, 'take a task from dispatch']] },
  { number: 3, says: 'summary and batch are stored', tests: [[core('batches'), 'starts each task when those']] },
  { number: 4, says: 'an unknown agent names the known', tests: [[mcp, 'name what is known when an agent']] },
  {
    number: 5,
    says: 'an intent that triggers nothing does not queue',
    tests: [[mcp, 'take a task from dispatch']],
    ours: 'it is refused, so that nobody waits for it',
  },
  { number: 6, says: 'a hand-off triggers', tests: [[core('chains'), 'gives the reply to the reviewer']] },
  { number: 7, says: 'the same thread goes on', tests: [[core('threads'), 'goes on in the same worktree']] },
  { number: 8, says: 'a task for later waits', tests: [[core('retries'), 'starts when it is time']] },
  {
    number: 9,
    says: 'a time that is over is refused',
    tests: [
      [mcp, 'a task for later is listed as such'],
      [core('retries'), 'in the past is refused'],
    ],
  },
  {
    number: 10,
    says: 'a dispatch to a closed thread opens it',
    tests: [[core('threads'), 'a closed thread opens again']],
    ours: 'an abandoned one is restored first, because its work was put away',
  },
  { number: 11, says: 'one to an open thread does not say reopened', tests: [[mcp, 'take a task from dispatch']] },
  {
    number: 12,
    says: 'chains are recommended to be awaited',
    tests: [['test/protocol/chains.test.ts', 'over MCP a chain']],
  },
  { number: 13, says: 'a full queue is an error with counts', tests: [[core('batches'), 'a queue that is full']] },
  {
    number: 14,
    says: 'abandoning cancels a task for later',
    tests: [[core('retries'), 'is cancelled with its thread']],
  },
  { number: 15, says: 'a message is run once', tests: [[core('runQueue'), 'never starts the same run twice']] },
  { number: 16, says: 'nothing runs on a closed thread', tests: [[mcp, 'stops its agent, and nothing runs']] },
  {
    number: 17,
    says: 'one message queued twice is one run',
    tests: [[core('threads'), 'the same key is one dispatch']],
  },
  {
    number: 18,
    says: 'a limit for each agent',
    tests: [[core('runQueue'), 'keeps to the limits of project and agent']],
  },
  { number: 19, says: 'what is not due is not claimed', tests: [[core('retries'), 'starts when it is time']] },
  {
    number: 20,
    says: 'a hash of the prompt',
    tests: [],
    open: 'there is no hash of a prompt; each revision of the file is kept with its prompts',
  },
  {
    number: 21,
    says: 'started, completed and message are told',
    tests: [[store, 'commits a change together with its event']],
  },
  {
    number: 22,
    says: 'success answers',
    tests: [['test/unit/core/runs/runSequel.test.ts', 'its answer goes to the person']],
  },
  { number: 23, says: 'a failure that passes is tried again', tests: [[core('retries'), 'for a reason that passes']] },
  { number: 24, says: 'others are an error message', tests: [[core('retries'), 'for %s is not tried again']] },
  { number: 25, says: 'classes that are never tried again', tests: [[core('retries'), 'for %s is not tried again']] },
  { number: 26, says: 'an ended run changes no more', tests: [[store, 'fence off a writer']] },
  {
    number: 27,
    says: 'a start marks what was in flight',
    tests: [['test/protocol/hostKill.test.ts', 'ends each of']],
    ours: 'agents outlive the host and are adopted; only what left no trace is lost',
  },
  { number: 28, says: 'orphans are found', tests: [['test/integration/process/hostCrash.test.ts', '']] },
  {
    number: 29,
    says: 'an end is written again on errors',
    tests: [[core('runLifecycle'), 'the end of a run is written as soon']],
  },
  {
    number: 30,
    says: 'timeouts, logs, missing CLIs, folders',
    tests: [
      [sandbox, 'names a missing command'],
      [sandbox, 'stops a command that ignores'],
    ],
  },
  { number: 31, says: 'the conversation is kept as it appears', tests: [[store, 'find the conversation to resume']] },
  { number: 32, says: 'it is resumed after a crash', tests: [[store, 'find the conversation to resume']] },
  { number: 33, says: 'the latest counts, none after a stale one', tests: [[store, 'have no conversation to resume']] },
  {
    number: 34,
    says: 'a stale conversation is recognised',
    tests: [[core('retries'), 'because its conversation is gone']],
  },
  {
    number: 35,
    says: 'the breaker opens, probes and closes',
    tests: [
      [core('retries'), 'is left alone for a minute'],
      [core('retries'), 'is left alone again when the one'],
    ],
  },
  {
    number: 36,
    says: 'what is tried again is not counted',
    tests: [[core('retries'), 'is left alone again when the one']],
    ours: 'every failure of the provider counts, and a stale conversation is none',
  },
  {
    number: 37,
    says: 'what the breaker holds back keeps its id',
    tests: [[core('retries'), 'is left alone for a minute']],
  },
  { number: 38, says: 'a hand-off on the same thread', tests: [[core('chains'), 'gives the reply to the reviewer']] },
  { number: 39, says: 'its prompt comes first', tests: [[core('chains'), 'gives the reply to the reviewer']] },
  { number: 40, says: 'the depth is limited', tests: [[core('chains'), 'needs a person when the two do not agree']] },
  { number: 41, says: 'none without a definition', tests: [[core('chains'), 'ends when the reviewer approves']] },
  { number: 42, says: 'skip_handoff', tests: [[core('chains'), 'is left out when the message says so']] },
  {
    number: 43,
    says: 'fan-out',
    tests: [[core('chains'), 'to several reviewers: all are heard']],
    ours: 'reviewers work on the author’s thread, one after the other, and see its work',
  },
  { number: 44, says: 'pending work counts', tests: [['test/protocol/chains.test.ts', 'over MCP a chain is awaited']] },
  {
    number: 45,
    says: 'children count',
    tests: [['test/protocol/chains.test.ts', 'over MCP a chain is awaited']],
    ours: 'a chain is one thread, so that there are no children',
  },
  { number: 46, says: 'await_chain', tests: [['test/protocol/chains.test.ts', 'over MCP a chain is awaited']] },
  {
    number: 47,
    says: 'a wait that times out says that work is pending',
    tests: [[mcp, 'tells what goes on when its time is over']],
  },
  { number: 48, says: 'waiting: at once, later, filters', tests: [[mcp, 'tells what goes on when its time is over']] },
  {
    number: 49,
    says: 'a ceiling of the wait',
    tests: [[mcp, 'tells what goes on when its time is over']],
    ours: 'there is no ceiling: a wait is a subscription with progress',
  },
  { number: 50, says: 'poll', tests: [[mcp, 'ends at once, with the reason, on a thread']] },
  { number: 51, says: 'numbers as text', tests: [[mcp, 'take numbers as text']] },
  { number: 52, says: 'close with a note', tests: [[core('threads'), 'a note is a message of the conversation']] },
  {
    number: 53,
    says: 'completing wants a merge',
    tests: [[core('threads'), 'a thread with changes is completed only once']],
  },
  { number: 54, says: 'abandon', tests: [[mcp, 'abandoning loses nothing']] },
  { number: 55, says: 'reopen', tests: [[core('threads'), 'a closed thread opens again']] },
  { number: 56, says: 'abandon a batch', tests: [[core('batches'), 'asked for again gives nothing twice; abandoned']] },
  {
    number: 57,
    says: 'whole flows',
    tests: [
      [mcp, 'take a task from dispatch'],
      [mcp, 'completing it wants'],
    ],
  },
  {
    number: 58,
    says: 'a worktree with a branch',
    tests: [[worktree, 'a new worktree starts from']],
    ours: 'outside of the repository, so that its `git status` shows nothing',
  },
  {
    number: 59,
    says: 'shared makes none',
    tests: [['test/protocol/compasTools.test.ts', 'an agent that shares the checkout gets no worktree']],
  },
  {
    number: 60,
    says: 'agents of a thread share its worktree',
    tests: [[core('chains'), 'puts aside what a reviewer changed']],
  },
  {
    number: 61,
    says: 'no repository, reuse, removal of nothing',
    tests: [
      [worktree, 'inspect says when a folder is in no repository'],
      [worktree, 'asking again for a worktree that is complete'],
    ],
    ours: 'without a repository the run fails: it never falls back to the person’s checkout',
  },
  { number: 62, says: 'what is changed in a worktree', tests: [[worktree, 'state lists uncommitted files']] },
  {
    number: 63,
    says: 'nothing of a pending merge is cleaned up',
    tests: [[core('threads'), 'is refused while the thread is being merged']],
  },
  {
    number: 64,
    says: 'merge, rebase, squash, conflict',
    tests: [
      [merge, 'a merge has both sides'],
      [merge, 'a squash has one parent'],
      [merge, 'a conflict names its files'],
    ],
  },
  {
    number: 65,
    says: 'message and author',
    tests: [['test/integration/git/mergeTable.test.ts', 'a signature and the repository']],
  },
  {
    number: 66,
    says: 'a target that is checked out',
    tests: [[merge, 'edits of the same file block']],
    ours: 'edits in the way block, and the target does not move',
  },
  {
    number: 67,
    says: 'nothing to merge, a dirty worktree',
    tests: [
      [core('merges'), 'a thread without work of its own is blocked'],
      [merge, 'work that was not reviewed blocks'],
    ],
  },
  {
    number: 68,
    says: 'nothing is left of a merge',
    tests: [[merge, 'an aborted merge changes nothing']],
    ours: 'a merge checks nothing out, so that there is no worktree of it',
  },
  {
    number: 69,
    says: 'what may be merged',
    tests: [
      [merge, 'nothing to merge, no target, no worktree'],
      [core('merges'), 'is refused while the agent works'],
    ],
  },
  {
    number: 70,
    says: 'one merge of a target at a time',
    tests: [
      [core('mergeQueue'), 'works first come, first served'],
      [core('mergeQueue'), 'another target does not wait'],
    ],
  },
  { number: 71, says: 'the worker merges', tests: [[core('merges'), 'brings the reviewed commit']] },
  { number: 72, says: 'the tool for merges', tests: [[mcp, 'take a task from dispatch']] },
  { number: 73, says: 'waiting for a merge', tests: [[core('merges'), 'waiting stops when nobody waits']] },
  {
    number: 74,
    says: 'commit on request',
    tests: [[worktree, 'a snapshot commits everything']],
    ours: 'what an agent left is committed when its run ends; the tool says what is there',
  },
  {
    number: 75,
    says: 'looking at threads, messages, agents',
    tests: [
      [mcp, 'are compas’ by name'],
      [mcp, 'show what an execution said'],
    ],
  },
  {
    number: 76,
    says: 'health',
    tests: [['test/integration/host/agentProblems.test.ts', 'is named with how to install it']],
    ours: 'no prompt is sent and no token spent',
  },
  { number: 77, says: 'diagnosis', tests: [[mcp, 'on a run that dies finds its error']] },
  { number: 78, says: 'logs in pages', tests: [[mcp, 'show what an execution said and wrote, in pages']] },
  {
    number: 79,
    says: 'cost totals',
    tests: [
      ['test/protocol/compasTools.test.ts', 'tools that agents used are counted'],
      [store, 'is summed by whatever is asked for'],
    ],
  },
  { number: 80, says: 'validation', tests: [['test/integration/compose/corpus.test.ts', '']] },
  {
    number: 81,
    says: 'defaults of agents',
    tests: [['test/unit/compose/importCompas.test.ts', 'becomes a compose file that is valid']],
  },
  {
    number: 82,
    says: 'an invalid file keeps the last good one',
    tests: [['test/protocol/cliProjects.test.ts', 'PRJ-002: an invalid file']],
  },
  { number: 83, says: 'hooks', tests: [['test/protocol/hooks.test.ts', 'hooks hear of runs']] },
  {
    number: 84,
    says: 'schedules',
    tests: [
      [core('schedules'), 'fires by cron'],
      [core('misfires'), 'max_runs: it is spent'],
    ],
  },
  {
    number: 85,
    says: 'redaction',
    tests: [
      ['test/unit/base/redactor.test.ts', 'knows %s'],
      ['test/unit/node/secretShapes.test.ts', 'in what agents say, and in the log of the host'],
    ],
  },
  {
    number: 86,
    says: 'dangerous flags',
    tests: [['test/unit/compose/permissionArguments.test.ts', '']],
    ours: 'they are a problem of the file, not a warning',
  },
  {
    number: 87,
    says: 'one worker',
    tests: [['test/protocol/hostLifecycle.test.ts', 'a second host in one state directory']],
  },
  {
    number: 88,
    says: 'command lines and streams',
    tests: [
      ['test/unit/core/agents/transcripts.test.ts', ''],
      ['test/unit/core/agents/commands.test.ts', 'never holds the prompt'],
    ],
  },
  {
    number: 89,
    says: 'backends of one’s own',
    tests: [['test/unit/core/agents/userDefined.test.ts', 'without a value drop']],
  },
  {
    number: 90,
    says: 'setup-mcp',
    tests: [['test/integration/cli/setupMcp.test.ts', 'leaves out what is not installed']],
  },
  { number: 91, says: 'init', tests: [[firstSteps, 'replaces no file that is there']] },
  { number: 92, says: 'doctor', tests: [[firstSteps, 'finds what is there, starts no host']] },
  { number: 93, says: 'every flag', tests: [['test/unit/cli/documentedShapes.test.ts', 'has a section for %s']] },
  {
    number: 94,
    says: 'the dashboard',
    tests: [['test/webview/board.test.ts', '']],
    ours: 'a page of VS Code; batches and a chain graph are not on it',
  },
];
