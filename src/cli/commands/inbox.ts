import type { Question } from '../../protocol/gen/muster/v1/questions_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { defineCommand } from '../command.js';
import { oneLine } from '../output/terminalText.js';
import { isoTime, orUndefined } from '../output/wireText.js';
import { threadJson, optional } from '../output/wireJson.js';

/** As many as the host lists at once. */
const mostThreads = 500;

export const inbox = defineCommand({
  name: 'inbox',
  summary: 'list what waits for a person: questions of agents, and threads that cannot go on',
  details:
    'A question is answered with `muster answer <question> allow|deny|always`, or with words. Its agent waits, and the clock of its run stands.',
  async run({ repeatable, out, json, signal }) {
    const threads = await repeatable(async client => {
      const found = await client.threads.listThreads({ statuses: ['needs_you'], limit: mostThreads }, { signal });
      return found.threads;
    });
    const questions = threads.flatMap(thread => thread.questions);
    const projects = new Map(threads.map(({ id, projectName }) => [id, projectName]));
    if (json) {
      out.json({
        questions: questions.map(questionJson),
        threads: threads.map(thread => ({ ...threadJson(thread), needs: thread.needs })),
      });
      return 0;
    }
    if (threads.length === 0) out.line('Nothing waits for you.');
    for (const question of questions) printQuestion(out, question, projects.get(question.threadId) ?? '');
    for (const thread of threads.filter(each => each.questions.length === 0)) printThread(out, thread);
    return 0;
  },
});

type Lines = { line(text: string): void };

function printQuestion(out: Lines, question: Question, project: string): void {
  const { id, agent, threadId, kind, title, detail, options, rule } = question;
  out.line(
    `${id} ${oneLine(project)}/${oneLine(agent)} on ${threadId} ${kind === 'permission' ? 'wants to' : 'asks:'} ${oneLine(title)}`,
  );
  if (kind !== 'permission' && detail.trim() !== title) for (const line of detail.split('\n')) out.line(`    ${line}`);
  for (const option of options) out.line(`    - ${oneLine(option)}`);
  if (rule !== '') out.line(`    always allows: ${oneLine(rule)}`);
}

function printThread(out: Lines, { id, agent, projectName, needs, summary }: Thread): void {
  out.line(`${id} ${oneLine(projectName)}/${oneLine(agent)}: ${oneLine(needs)} (${oneLine(summary)})`);
}

/** A question as commands print it. */
export function questionJson(question: Question) {
  const { id, threadId, runId, agent, kind, title, detail, options, rule, askedAt, decision, answer } = question;
  return {
    question_id: id,
    thread_id: threadId,
    run_id: runId,
    agent,
    kind,
    title,
    detail,
    options,
    asked_at: isoTime(askedAt),
    ...optional({ always_allows: orUndefined(rule), decision: orUndefined(decision), answer: orUndefined(answer) }),
  };
}
