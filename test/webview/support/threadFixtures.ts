import type { ToThreadPage } from '../../../src/protocol/webview/threadPageMessages.js';
import type { AgentView, MessageView, RunView, ThreadView } from '../../../src/protocol/webview/threadView.js';
import type { TranscriptEntry } from '../../../src/protocol/webview/transcriptView.js';
import { webviewStrings } from '../../../src/protocol/webview/webviewStrings.js';

const minute = 60_000;

/** A thread as the extension sends it, ready for review unless told otherwise. */
export function threadView(changes: Partial<ThreadView> = {}): ThreadView {
  const now = Date.now();
  return {
    id: 'k3v9x2m4q7wz',
    projectName: 'shop',
    agent: 'dev',
    provider: 'claude',
    model: 'claude-sonnet',
    status: 'ready',
    needs: '',
    summary: 'Upgrade zod to v4 and fix the call sites',
    branch: 'muster/upgrade-zod-k3v9',
    baseRef: 'main',
    baseCommit: '1a2b3c4d5e6f7a8b9c0d',
    hasWorktree: true,
    restorable: false,
    createdAt: now - 6 * minute,
    updatedAt: now - 2 * minute,
    latestRun: {
      status: 'succeeded',
      agent: 'dev',
      activity: 'Ran npm test',
      queuedAt: now - 6 * minute,
      startedAt: now - 6 * minute,
      endedAt: now - 2 * minute,
    },
    filesChanged: 7,
    additions: 120,
    deletions: 44,
    costUsd: 0.42,
    tokens: 88_123,
    ...changes,
  };
}

export function agentView(changes: Partial<AgentView> = {}): AgentView {
  return {
    name: 'dev',
    provider: 'claude',
    model: 'claude-sonnet',
    problem: '',
    active: 0,
    queued: 0,
    concurrency: 2,
    ...changes,
  };
}

export function messageView(changes: Partial<MessageView> = {}): MessageView {
  return {
    id: 'message00001',
    from: 'you',
    to: 'dev',
    intent: 'dispatch',
    body: 'Upgrade zod to v4 and fix the call sites.\nKeep the public types as they are.',
    createdAt: Date.now() - 6 * minute,
    runId: 'run000000001',
    ...changes,
  };
}

export function runView(changes: Partial<RunView> = {}): RunView {
  const now = Date.now();
  return {
    id: 'run000000001',
    messageId: 'message00001',
    agent: 'dev',
    provider: 'claude',
    model: 'claude-sonnet',
    status: 'succeeded',
    queuedAt: now - 6 * minute,
    startedAt: now - 6 * minute,
    endedAt: now - 2 * minute,
    exitCode: 0,
    costUsd: 0.42,
    tokens: 88_123,
    ...changes,
  };
}

/** What an agent does to upgrade a library, with everything that a transcript can hold. */
export const transcript: readonly TranscriptEntry[] = [
  { kind: 'thinking', text: 'I should look at how zod is used before changing the version.' },
  { kind: 'text', text: "I'll look at the usages first." },
  call('1', { tool: 'Grep', category: 'search', title: "from 'zod'", input: `{"pattern":"from 'zod'"}` }),
  result('1', Array.from({ length: 12 }, (_, i) => `src/schemas/s${i}.ts:1: import { z } from 'zod';`).join('\n')),
  call('2', {
    tool: 'Read',
    category: 'read',
    title: 'src/schema.ts',
    path: 'src/schema.ts',
    input: '{"file_path":"src/schema.ts"}',
  }),
  result('2', 'export const user = z.object({\n  email: z.string().email(),\n});\n'),
  {
    kind: 'text',
    text: 'Twelve files import it. The changes are mechanical:\n\n- `z.string().email()` becomes `z.email()`\n- error maps move to the `error` option, see `src/schema.ts:88`\n\n```ts\nconst user = z.object({ email: z.email() });\n```\n\n| file | hunks |\n| --- | --- |\n| src/schema.ts | 3 |\n| src/form.ts | 1 |\n\nThe [migration guide](https://zod.dev/v4/changelog) has the details.',
  },
  call('3', {
    tool: 'Edit',
    category: 'edit',
    title: 'src/schema.ts',
    path: 'src/schema.ts',
    input: JSON.stringify({
      file_path: 'src/schema.ts',
      old_string: 'export const user = z.object({\n  email: z.string().email(),\n  site: z.string().url(),\n});',
      new_string:
        'export const user = z.object({\n  email: z.email(),\n  site: z.url(),\n  name: z.string().min(1),\n});',
    }),
  }),
  result('3', 'The file src/schema.ts has been updated.'),
  call('4', { tool: 'Bash', category: 'command', title: 'npm test', input: '{"command":"npm test"}' }),
  { ...result('4', 'FAIL src/form.test.ts\n  Expected 2, received 3\n'), ok: false, exitCode: 1 },
  { kind: 'raw', text: 'npm warn deprecated something@1.0.0' },
  { kind: 'raw', text: 'npm warn deprecated other@2.0.0' },
  { kind: 'text', text: 'One test expected the old error count. I fix the expectation.' },
  call('5', { tool: 'Bash', category: 'command', title: 'npm test', input: '{"command":"npm test"}' }),
  { ...result('5', 'Test Files  14 passed\n     Tests  203 passed\n'), exitCode: 0 },
  { kind: 'text', text: 'All call sites use v4 and **all 203 tests pass**.' },
  { kind: 'result', text: 'All call sites use v4 and **all 203 tests pass**.' },
];

export const files: Extract<ToThreadPage, { type: 'files' }> = {
  type: 'files',
  uncommitted: 0,
  files: [
    changed('package.json', 'modified', 1, 1),
    changed('src/schema.ts', 'modified', 14, 9),
    changed('src/forms/checkout/addressForm.ts', 'modified', 62, 20),
    changed('src/forms/errorMap.ts', 'added', 38, 0),
    changed('src/legacy/zodShim.ts', 'deleted', 0, 12),
    changed('test/fixtures/logo.png', 'untracked', 0, 0, true),
    changed('src/user.ts', 'renamed', 5, 2),
  ],
};

/** Everything that a page gets for a finished thread. */
export function finishedThread(): readonly ToThreadPage[] {
  return [
    init(),
    { type: 'connection', state: 'online' },
    { type: 'thread', thread: threadView(), agents: [agentView(), agentView({ name: 'reviewer', provider: 'codex' })] },
    {
      type: 'conversation',
      messages: [
        messageView(),
        messageView({
          id: 'message00002',
          from: 'dev',
          to: 'you',
          intent: 'response',
          body: 'All call sites use v4 and **all 203 tests pass**.',
        }),
      ],
      runs: [runView()],
      merges: [],
    },
    { type: 'transcript', runId: 'run000000001', entries: [...transcript] },
    { type: 'caughtUp' },
    files,
  ];
}

export function init(): ToThreadPage {
  return { type: 'init', threadId: 'k3v9x2m4q7wz', strings: webviewStrings };
}

function call(
  callId: string,
  rest: { tool: string; category: 'search' | 'read' | 'edit' | 'command'; title: string; input: string; path?: string },
): TranscriptEntry {
  return { kind: 'tool_call', callId, path: '', ...rest };
}

function result(callId: string, output: string): Extract<TranscriptEntry, { kind: 'tool_result' }> {
  return { kind: 'tool_result', callId, ok: true, output, cut: false };
}

function changed(
  path: string,
  status: string,
  additions: number,
  deletions: number,
  binary = false,
): (typeof files)['files'][number] {
  return { path, oldPath: '', status, binary, additions, deletions };
}
