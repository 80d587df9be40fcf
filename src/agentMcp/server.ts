import { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { productVersion } from '../protocol/productVersion.js';
import { addExecute } from './executeTool.js';
import { ask, type Answer } from './mailbox.js';
import { refusal, text, type Call } from './toolCall.js';

export interface AgentServerOptions {
  readonly runDirectory: string;
  /** Which of the tools this run has. */
  readonly tools: readonly string[];
  readonly signal: AbortSignal;
}

/** A client that waits hears this often that it still does. */
const progressEveryMs = 10_000;

/** The tools of one run. */
export function createAgentServer(options: AgentServerOptions): McpServer {
  const server = new McpServer({ name: 'muster', version: productVersion });
  const wanted = new Set(options.tools);
  if (wanted.has('verdict')) addVerdict(server, options);
  if (wanted.has('ask')) addAsk(server, options);
  if (wanted.has('permission')) addPermission(server, options);
  if (wanted.has('execute')) addExecute(server, async (letter, call) => await send(options, call, letter));
  return server;
}

function addVerdict(server: McpServer, options: AgentServerOptions): void {
  server.registerTool(
    'verdict',
    {
      title: 'Give your verdict',
      description:
        'Says what you think of the work that you were asked to review: approve, request_changes (the author gets your findings) or comment. Call it once, when you have finished; a later call replaces it.',
      inputSchema: z.object({
        verdict: z.enum(['approve', 'request_changes', 'comment']),
        summary: z.string().describe('What you think of it, in a few sentences.'),
        findings: z
          .array(
            z.object({
              file: z.string().optional().describe('Relative to the working directory.'),
              line: z.number().int().positive().optional().describe('Counted from 1.'),
              severity: z.enum(['blocker', 'major', 'minor', 'note']).optional(),
              text: z.string().describe('What is wrong, and what to do instead.'),
            }),
          )
          .optional()
          .describe('Each thing that you found, where it is.'),
      }),
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    async (input, call) => {
      const answer = await send(options, call, { kind: 'verdict', ...input });
      return refusal(answer) ?? text(`Your verdict is recorded: ${input.verdict}.`);
    },
  );
}

function addAsk(server: McpServer, options: AgentServerOptions): void {
  server.registerTool(
    'ask',
    {
      title: 'Ask the person',
      description:
        'Asks the person whose task this is, and waits for the answer. For decisions that you cannot make yourself; not to report.',
      inputSchema: z.object({
        question: z.string().min(1),
        options: z.array(z.string()).optional().describe('Answers to choose from, if there are some.'),
      }),
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    async (input, call) => {
      const answer = await send(options, call, { kind: 'question', text: input.question, options: input.options });
      const refused = refusal(answer);
      if (refused) return refused;
      const said = typeof answer['text'] === 'string' ? answer['text'] : '';
      if (answer['decision'] !== 'deny') return text(said);
      return text(said === '' ? 'The person does not answer this. Decide yourself.' : said);
    },
  );
}

/** Called by Claude Code itself (`--permission-prompt-tool`); the answer has its form. */
function addPermission(server: McpServer, options: AgentServerOptions): void {
  server.registerTool(
    'permission',
    {
      title: 'Ask for permission',
      description: 'For the CLI alone: asks a person whether a tool may be used.',
      inputSchema: z.object({
        tool_name: z.string(),
        input: z.record(z.string(), z.unknown()),
        tool_use_id: z.string().optional(),
      }),
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    async ({ tool_name: tool, input }, call) => {
      const answer = await send(options, call, { kind: 'permission', tool, input });
      if (answer['decision'] === 'allow') return text(JSON.stringify({ behavior: 'allow', updatedInput: input }));
      const why = typeof answer['text'] === 'string' && answer['text'] !== '' ? answer['text'] : 'The person said no.';
      return text(JSON.stringify({ behavior: 'deny', message: why }));
    },
  );
}

async function send({ runDirectory, signal }: AgentServerOptions, { mcpReq }: Call, letter: unknown): Promise<Answer> {
  const begun = Date.now();
  const { _meta: meta } = mcpReq;
  const progressToken = meta?.progressToken;
  const tell = (): void => {
    if (progressToken === undefined) return;
    const progress = Math.round((Date.now() - begun) / 1000);
    const params = { progressToken, progress, message: 'Waiting for the answer.' };
    // A client that is gone hears nothing, and its call ends by its signal.
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
  };
  const timer = setInterval(tell, progressEveryMs);
  try {
    return await ask(runDirectory, letter, AbortSignal.any([signal, mcpReq.signal]));
  } finally {
    clearInterval(timer);
  }
}
