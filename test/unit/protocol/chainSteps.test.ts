import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { chainSteps } from '../../../src/protocol/chainSteps.js';
import { RunSchema } from '../../../src/protocol/gen/muster/v1/runs_pb.js';
import { AgentVerdictSchema, MessageSchema, ThreadSchema } from '../../../src/protocol/gen/muster/v1/threads_pb.js';

const message = (id: string, to: string, intent: string) => create(MessageSchema, { id, to, intent });
const run = (messageId: string, status = 'succeeded') =>
  create(RunSchema, { id: `run of ${messageId}`, messageId, status });

test('what a reviewer says at the end of its answer is the verdict of the step that asked it last', () => {
  const said = [{ agent: 'reviewer', verdict: 'approve' }];
  const thread = create(ThreadSchema, { chain: { state: 'approved', said } });
  const messages = [
    message('m1', 'dev', 'dispatch'),
    message('m2', 'reviewer', 'handoff'),
    message('m3', 'dev', 'changes-requested'),
    message('m4', 'reviewer', 'handoff'),
  ];
  const runs = messages.map(({ id }) => run(id));
  const verdictsOf = (more: Partial<Parameters<typeof chainSteps>[0]>) =>
    chainSteps({ messages, runs, verdicts: [], thread, ...more }).map(({ verdict }) => verdict);
  expect(verdictsOf({})).toEqual([undefined, undefined, undefined, 'approve']);
  // The tool says it of each run.
  const verdicts = [create(AgentVerdictSchema, { runId: 'run of m2', verdict: 'request_changes' })];
  expect(verdictsOf({ verdicts })).toEqual([undefined, 'request_changes', undefined, 'approve']);
  // What it said before is no answer to what it is asked now.
  expect(verdictsOf({ runs: [...runs.slice(0, 3), run('m4', 'running')] }).at(-1)).toBeUndefined();
});

test('what a reviewer ended an earlier answer with stays the verdict of that step', () => {
  const messages = [
    message('m1', 'dev', 'dispatch'),
    message('m2', 'reviewer', 'handoff'),
    message('m3', 'dev', 'changes-requested'),
    message('m4', 'reviewer', 'handoff'),
  ];
  const answers = ['VERDICT: approve', 'Good.\nVERDICT: approve', '', 'No.\nVERDICT: request changes'];
  const runs = messages.map(({ id }, index) =>
    create(RunSchema, { id: `run of ${id}`, messageId: id, status: 'succeeded', answer: answers[index] ?? '' }),
  );
  const verdicts = chainSteps({ messages, runs, verdicts: [] }).map(({ verdict }) => verdict);
  // The author was asked for no opinion.
  expect(verdicts).toEqual([undefined, 'approve', undefined, 'request_changes']);
});
