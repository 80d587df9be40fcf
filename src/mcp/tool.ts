import type { z } from 'zod';
import type { HostClient } from '../client/hostClient.js';
import type { LiveState } from '../client/liveState.js';
import type { Environment } from '../client/stateDirectory.js';

/** What a tool works with. */
export interface ToolContext {
  /** The host's present state, followed without asking. */
  readonly live: LiveState;
  /** The client of the present connection; the host is started when there is none. */
  readonly client: () => Promise<HostClient>;
  /** A call that may be made again: once more with the next host when this one went away under it. */
  readonly ask: <T>(call: (client: HostClient) => Promise<T>) => Promise<T>;
  /** Ends when the client cancels the call or leaves. */
  readonly signal: AbortSignal;
  /** Tells a client that waits how far it is; does nothing for one that did not ask. */
  readonly progress: (step: { readonly elapsedS: number; readonly totalS?: number; readonly message: string }) => void;
  readonly env: Environment;
  /** Folder that the server was started in: the project that contains it is meant where none is named. */
  readonly folder: string;
}

/** What every call of one server shares. */
export type Surroundings = Pick<ToolContext, 'live' | 'client' | 'ask' | 'env' | 'folder'> & {
  /** Ends every call when the server ends. */
  readonly signal: AbortSignal;
};

export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  /** It changes nothing. */
  readonly reads: boolean;
  readonly run: (context: ToolContext, input: unknown) => Promise<Record<string, unknown>>;
}

/** A tool whose input is checked before it runs, and whose result is checked against what it promises. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(tool: {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  readonly reads?: boolean;
  readonly run: (context: ToolContext, input: z.infer<Input>) => Promise<z.infer<Output>>;
}): Tool {
  return {
    ...tool,
    reads: tool.reads ?? false,
    run: async (context, input) => await tool.run(context, tool.input.parse(input)),
  };
}
