import { AppError } from '../../base/errors.js';
import { defineCommand } from '../command.js';
import { oneLine } from '../output/terminalText.js';
import { questionJson } from './inbox.js';

const decisions = ['allow', 'deny', 'always'];

export const answer = defineCommand({
  name: 'answer',
  summary: 'answer a question of an agent',
  positionals: [
    { name: 'question', required: true },
    { name: 'answer…', required: true },
  ],
  details:
    '`allow` and `deny` are for this once; `always` allows the same for the rest of the thread, exactly what the inbox names. Words ' +
    'behind `deny` tell the agent why. To a question in words, everything is the answer.',
  async run(context, args) {
    const [reference = '', first = '', ...rest] = args.positionals;
    const isWord = decisions.includes(first) && (first === 'deny' || rest.length === 0);
    const request = {
      questionId: reference,
      decision: isWord ? first : 'answer',
      text: isWord ? rest.join(' ') : [first, ...rest].join(' '),
    };
    const client = await context.connect();
    const { question } = await client.questions.answerQuestion(request, { signal: context.signal });
    if (!question)
      throw new AppError('question.unknown', `There is no question ${reference}.`, { question: reference });
    if (context.json) context.out.json(questionJson(question));
    else context.out.line(`${question.id} ${question.decision}: ${oneLine(question.title)}`);
    return 0;
  },
});
