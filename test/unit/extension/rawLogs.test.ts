import { create } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { logText } from '../../../src/extension/log/logText.js';
import { RunSchema } from '../../../src/protocol/gen/muster/v1/runs_pb.js';

it('a log says whose it is, what was written and how it ended', () => {
  const run = create(RunSchema, {
    id: '3f2a9k4m7p0q',
    agent: 'dev',
    provider: 'demo',
    status: 'failed',
    exitCode: 2,
    startedAt: 0n,
    endedAt: 86_400_000n,
    error: { code: 'provider.missing', message: 'The command is missing.' },
  });
  expect(logText(run, { stdout: '{"type":"text"}\n', stderr: 'oh no\n' })).toBe(
    `== run 3f2a9k4m7p0q · dev · demo
{"type":"text"}

== error output
oh no

== end failed · exit 2
# ended 1970-01-02T00:00:00.000Z
# error provider.missing: The command is missing.
`,
  );
});
