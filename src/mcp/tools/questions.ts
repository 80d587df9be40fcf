import { z } from 'zod';
import { AppError } from '../../base/errors.js';
import type { Question } from '../../protocol/gen/muster/v1/questions_pb.js';
import { optionalText, time } from '../fields.js';
import { defineTool } from '../tool.js';

/** A question as tools show it. */
export const questionShape = z.object({
  question_id: z.string(),
  thread_id: z.string(),
  execution_id: z.string(),
  agent: z.string(),
  kind: z.string(),
  title: z.string(),
  detail: z.string(),
  options: z.array(z.string()),
  always_allows: z.string().optional(),
  asked_at: z.string().nullable(),
});

export function questionFields(question: Question): z.infer<typeof questionShape> {
  const { id, threadId, runId, agent, kind, title, detail, options, rule, askedAt } = question;
  return {
    question_id: id,
    thread_id: threadId,
    execution_id: runId,
    agent,
    kind,
    title,
    detail,
    options,
    ...(rule === '' ? {} : { always_allows: rule }),
    asked_at: time(askedAt),
  };
}

export const respond = defineTool({
  name: 'orch_respond',
  title: 'Answer a question of an agent',
  description:
    'Answers what orch_inbox lists under questions: allow, deny or always for a permission, words for anything else. Ask the person first unless they have told you what to say.',
  input: z.object({
    question_id: z.string().min(1).describe('As orch_inbox lists it.'),
    decision: z.enum(['allow', 'deny', 'always', 'answer']),
    text: optionalText('The words of an answer, or why something is denied.'),
  }),
  output: z.object({ question_id: z.string(), thread_id: z.string(), decision: z.string() }),
  run: async ({ client, signal }, input) => {
    const { questions } = await client();
    const request = { questionId: input.question_id, decision: input.decision, text: input.text ?? '' };
    const { question } = await questions.answerQuestion(request, { signal });
    if (!question)
      throw new AppError('question.unknown', `There is no question ${input.question_id}.`, {
        question: input.question_id,
      });
    return { question_id: question.id, thread_id: question.threadId, decision: question.decision };
  },
});
