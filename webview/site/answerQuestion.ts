import type { Question } from '../../src/protocol/gen/muster/v1/questions_pb.js';
import type { Thread } from '../../src/protocol/gen/muster/v1/threads_pb.js';
import { fill } from '../../src/protocol/webview/webviewStrings.js';
import { ask, askForWords, say, type Choice } from './dialogs.js';
import type { SiteClient } from './hostCalls.js';
import { siteStrings as texts } from './siteStrings.js';

interface Answer {
  readonly decision: string;
  readonly text: string;
}

/** Shows what an agent asks, and sends the answer. Turning away answers nothing: the agent goes on waiting. */
export async function answerQuestion({
  client,
  thread,
  signal,
}: {
  readonly client: SiteClient;
  readonly thread: Thread;
  readonly signal: AbortSignal;
}): Promise<void> {
  const [question] = thread.questions;
  if (!question) return say(texts.nothingAsked);
  const answer = question.kind === 'permission' ? await askPermission(question) : await askWords(question);
  if (answer) await client.questions.answerQuestion({ questionId: question.id, ...answer }, { signal });
}

/** What is allowed is readable whole. */
async function askPermission({ agent, title, detail, rule }: Question): Promise<Answer | undefined> {
  const always: Choice<string> = { label: texts.always, value: 'always' };
  const decision = await ask({
    title: fill(texts.wantsTo, agent, title),
    text: rule === '' ? detail : `${detail}\n\n${fill(texts.alwaysAllows, rule)}`,
    choices: [
      { label: texts.allow, value: 'allow' },
      ...(rule === '' ? [] : [always]),
      { label: texts.deny, value: 'deny' },
    ],
    dismiss: texts.cancel,
  });
  return decision === undefined ? undefined : { decision, text: '' };
}

async function askWords({ agent, detail, options }: Question): Promise<Answer | undefined> {
  const title = fill(texts.asks, agent);
  if (options.length > 0) {
    const choices = [...options, texts.somethingElse].map(label => ({ label, value: label }));
    const chosen = await ask({ title, detail, choices, dismiss: texts.cancel });
    if (chosen === undefined) return undefined;
    if (chosen !== texts.somethingElse) return { decision: 'answer', text: chosen };
  }
  const text = await askForWords({ title, detail, label: texts.answer, confirm: texts.send, dismiss: texts.cancel });
  return text === undefined ? undefined : { decision: 'answer', text };
}
