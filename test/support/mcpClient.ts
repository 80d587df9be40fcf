import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { onTestFinished } from 'vitest';
import type { Programs, TestHome } from './hostProcess.ts';
import type { CleanUps } from './tempDirectory.ts';

/** What a tool answered. */
export interface ToolAnswer {
  readonly isError: boolean;
  /** The text that a model reads. */
  readonly text: string;
  /** The structured result; empty for an error. */
  readonly result: Readonly<Record<string, unknown>>;
}

export interface McpSession {
  readonly client: Client;
  call(
    name: string,
    args?: Record<string, unknown>,
    options?: {
      readonly signal?: AbortSignal;
      readonly onprogress?: (progress: { readonly message?: string }) => void;
    },
  ): Promise<ToolAnswer>;
  /** The same, for a tool that must succeed. */
  ok(name: string, args?: Record<string, unknown>): Promise<Readonly<Record<string, unknown>>>;
}

/** `muster mcp` of a home, spoken to by the SDK's own client over stdio as a coding CLI would. */
export async function startMcp(
  home: TestHome,
  {
    programs,
    cwd,
    env = {},
    cleanUps = onTestFinished,
  }: {
    readonly programs: Programs;
    readonly cwd: string;
    readonly env?: Record<string, string>;
    readonly cleanUps?: CleanUps;
  },
): Promise<McpSession> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(programs.folder, 'cli.js'), 'mcp'],
    cwd,
    env: { ...home.env, ...env },
    stderr: 'inherit',
  });
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  cleanUps(async () => {
    await home.hostPid();
    await client.close();
  });
  const call: McpSession['call'] = async (name, args = {}, options = {}) => {
    const answer = await client.callTool({ name, arguments: args }, { timeout: 120_000, ...options });
    const content = answer.content as readonly { readonly type: string; readonly text?: string }[];
    return {
      isError: answer.isError === true,
      text: content.map(({ text }) => text ?? '').join(''),
      result: (answer.structuredContent ?? {}) as Record<string, unknown>,
    };
  };
  return {
    client,
    call,
    ok: async (name, args) => {
      const { isError, text, result } = await call(name, args);
      if (isError) throw new Error(`${name}: ${text}`);
      return result;
    },
  };
}
