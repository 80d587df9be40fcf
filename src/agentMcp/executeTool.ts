import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CallToolResult, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { resultEndings } from '../base/resultEndings.js';
import { recordsField, textField } from '../base/unknownFields.js';
import type { Answer } from './mailbox.js';
import { refusal, type Call } from './toolCall.js';

/** What models look at. */
const pictures = new Set(['image/png', 'image/jpeg', 'image/gif']);

interface Result {
  readonly type: string;
  readonly data: string;
}

/** Code in a kernel of the thread. `send` writes the letter and waits for its answer. */
export function addExecute(server: McpServer, send: (letter: unknown, call: Call) => Promise<Answer>): void {
  server.registerTool(
    'execute',
    {
      title: 'Execute code in a notebook kernel',
      description:
        'Executes code in a Jupyter kernel of this task (Python as a rule), in the working directory. Names stay from one call to the next. Returns what the code printed and its results, images included. With `notebook` it is the kernel that this notebook has, also while a person has it open; the notebook itself is not changed. Code that is interrupted after `timeout_seconds` keeps its names.',
      inputSchema: z.object({
        code: z.string().min(1),
        notebook: z.string().optional().describe('Path of a notebook, relative to the working directory.'),
        timeout_seconds: z.number().positive().optional().describe('600 when it is missing.'),
        save_to: z
          .string()
          .optional()
          .describe('Folder, relative to the working directory, into which results that are no text are written.'),
      }),
      annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
    },
    async ({ code, notebook, timeout_seconds: seconds, save_to: folder }, call) => {
      const answer = await send({ kind: 'cell', code, notebook, seconds }, call);
      return refusal(answer) ?? resultOf(answer, folder);
    },
  );
}

function resultOf(answer: Answer, folder: string | undefined): CallToolResult {
  const content: CallToolResult['content'] = [];
  let number = 0;
  for (const output of recordsField(answer, 'outputs')) {
    const kind = textField(output, 'kind');
    if (kind === 'text') {
      content.push({ type: 'text', text: textField(output, 'text') });
      continue;
    }
    const result = { type: textField(output, 'type'), data: textField(output, 'data') };
    if (pictures.has(result.type)) content.push({ type: 'image', data: result.data, mimeType: result.type });
    if (folder !== undefined) content.push({ type: 'text', text: written(result, folder, ++number) });
  }
  const more = saidBesides(answer);
  if (more !== '') content.push({ type: 'text', text: more });
  return { content, isError: answer['end'] !== 'ok' };
}

function written({ type, data }: Result, folder: string, number: number): string {
  const ending = resultEndings.get(type);
  if (ending === undefined) return `A result of kind ${type} is not written.`;
  const path = join(resolve(folder), `output-${number}.${ending}`);
  try {
    mkdirSync(resolve(folder), { recursive: true });
    const isText = type === 'image/svg+xml' || !(pictures.has(type) || type === 'application/pdf');
    writeFileSync(path, isText ? data : Buffer.from(data, 'base64'));
    return `Written: ${join(folder, `output-${number}.${ending}`)}`;
  } catch (error) {
    return `Not written: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** What the outputs do not say. */
function saidBesides({ end, count, outputs }: Answer): string {
  switch (end) {
    case 'ok':
      return Array.isArray(outputs) && outputs.length > 0 ? '' : 'Executed. It showed nothing.';
    case 'error':
      return count === undefined ? 'It was not executed: a cell before it failed, or the kernel was interrupted.' : '';
    case 'late':
      return count === undefined
        ? 'The kernel has not come to it in time: it is busy with something else, and will execute it later.'
        : 'It took longer than it may, and was interrupted. Names that it defined are there.';
    default:
      return 'The kernel ended or was restarted meanwhile. Its names are gone.';
  }
}
