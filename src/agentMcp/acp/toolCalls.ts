import type { SessionUpdate, ToolCallUpdate } from '@agentclientprotocol/sdk';

type Line = Readonly<Record<string, unknown>>;

/**
 * Tells what an agent does, a tool call once its input is known: some agents name a tool first and say later what they want of it, and whoever
 * reads the run's output gets each call once.
 */
export class ToolCalls {
  readonly #say: (line: Line) => void;
  readonly #told = new Set<string>();
  /** Named, and not told yet. */
  readonly #waiting = new Map<string, Record<string, unknown>>();

  constructor(say: (line: Line) => void) {
    this.#say = say;
  }

  tell(update: SessionUpdate): void {
    if (update.sessionUpdate === 'tool_call' && !isOver(update.status) && !isKnown(update)) {
      this.#waiting.set(update.toolCallId, { ...update });
      return;
    }
    if (update.sessionUpdate === 'tool_call') this.#told.add(update.toolCallId);
    if (update.sessionUpdate === 'tool_call_update') {
      const known = this.#waiting.get(update.toolCallId);
      if (known) {
        for (const [key, value] of Object.entries(update))
          if (value !== null && value !== undefined) known[key] = value;
        this.#release(update.toolCallId, isOver(update.status));
        if (this.#waiting.has(update.toolCallId)) return;
      }
    }
    this.#say({ acp: 'update', update });
  }

  /** An agent asks for permission: some do not name the call otherwise. */
  asked(call: ToolCallUpdate): void {
    if (this.#told.has(call.toolCallId)) return;
    this.#waiting.set(call.toolCallId, { ...this.#waiting.get(call.toolCallId), ...call });
    this.#release(call.toolCallId, true);
  }

  #release(id: string, begun: boolean): void {
    const call = this.#waiting.get(id);
    if (!call || !(begun || isKnown(call))) return;
    this.#waiting.delete(id);
    this.#told.add(id);
    // What it came to is told by the update itself.
    const { content: _, rawOutput: __, ...named } = call;
    this.#say({ acp: 'update', update: { ...named, sessionUpdate: 'tool_call', status: 'in_progress' } });
  }
}

function isOver(status: unknown): boolean {
  return status === 'completed' || status === 'failed';
}

/** The input of a call that is pending may still be coming, however much of it is there. */
function isKnown({ status, rawInput }: { readonly status?: unknown; readonly rawInput?: unknown }): boolean {
  return status !== 'pending' && hasInput(rawInput);
}

function hasInput(input: unknown): boolean {
  return typeof input === 'object' && input !== null && Object.keys(input).length > 0;
}
