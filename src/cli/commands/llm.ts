import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorMessage } from '../../base/errors.js';
import { defineCommand } from '../command.js';
import { readPrompt } from '../options/prompt.js';
import { usageError } from '../options/usageError.js';

export const llm = defineCommand({
  name: 'llm',
  summary: 'ask a model once, without an agent',
  positionals: [{ name: 'prompt…', required: false }],
  options: {
    model: { type: 'string', value: 'NAME', text: 'the model; without it LLM_MODEL of your login shell' },
    upstream: { type: 'string', value: 'NAME', text: 'who is asked; without it the model’s name decides' },
    schema: { type: 'string', value: 'FILE', text: 'a JSON Schema that the answer must fit' },
    system: { type: 'string', value: 'TEXT', text: 'instructions that stand before the prompt' },
  },
  details:
    'The prompt is words, or standard input. Keys, prices and the budget of the day are those of `muster models`.',
  async run(context, args) {
    const { out, json, signal, directory } = context;
    const prompt = await readPrompt({ words: args.positionals, file: undefined }, context);
    const file = args.text('schema');
    const outputSchema = file === undefined ? '' : await readSchema(resolve(directory, file));
    const client = await context.connect();
    const answer = await client.models.generateText(
      {
        prompt,
        outputSchema,
        model: args.text('model') ?? '',
        upstream: args.text('upstream') ?? '',
        system: args.text('system') ?? '',
      },
      { signal },
    );
    if (json) {
      const { text, model, responseId, finishReason } = answer;
      const value: unknown = answer.json === '' ? null : JSON.parse(answer.json);
      out.json({
        text,
        model,
        response_id: responseId,
        finish_reason: finishReason,
        json: value,
      });
      return 0;
    }
    out.line(answer.json === '' ? answer.text : JSON.stringify(JSON.parse(answer.json), undefined, 2));
    return 0;
  },
});

async function readSchema(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    JSON.parse(text);
    return text;
  } catch (error) {
    throw usageError(`${file} is no JSON Schema: ${errorMessage(error)}`);
  }
}
