import type { TranscriptItem } from '../../protocol/gen/muster/v1/runs_pb.js';
import type { Printer } from './printer.js';
import type { ConversationSink } from './transcript.js';
import { messageJson, optional, runJson } from './wireJson.js';

/** One line of JSON for each thing that happens, as `logs --json --follow` prints it. */
export function jsonLinesSink(out: Printer): ConversationSink {
  return {
    message: message => out.jsonLine({ type: 'message', ...messageJson(message) }),
    runStarted: run => out.jsonLine({ type: 'run_started', run: runJson(run) }),
    item: (item, run) => {
      const json = itemJson(item);
      if (json) out.jsonLine({ run_id: run.id, ...json });
    },
    runEnded: run => out.jsonLine({ type: 'run_ended', run: runJson(run) }),
  };
}

/** Everything at once: `messages` and `runs` with their `items`. */
export function collectingSink() {
  const messages: unknown[] = [];
  const runs: { items: unknown[] }[] = [];
  const sink: ConversationSink = {
    message: message => void messages.push(messageJson(message)),
    runStarted: run => void runs.push({ ...runJson(run), items: [] }),
    item: item => {
      const json = itemJson(item);
      if (json) runs.at(-1)?.items.push(json);
    },
    runEnded: () => {},
  };
  return { messages, runs, sink };
}

/** One entry as `--json` prints it; undefined for one of a kind that this version does not know. */
export function itemJson({ item }: TranscriptItem) {
  switch (item.case) {
    case 'text':
    case 'thinking':
    case 'result':
    case 'raw':
      return { type: item.case, text: item.value.text };
    case 'toolCall': {
      const { callId, tool, category, title, input, path } = item.value;
      return { type: 'tool_call', call_id: callId, tool, category, title, input, ...(path !== '' && { path }) };
    }
    case 'toolResult': {
      const { callId, ok, output, exitCode } = item.value;
      return { type: 'tool_result', call_id: callId, ok, output, ...optional({ exit_code: exitCode }) };
    }
    case 'usage': {
      const { total, inputTokens, outputTokens, costUsd } = item.value;
      const counts = { input_tokens: count(inputTokens), output_tokens: count(outputTokens), cost_usd: costUsd };
      return { type: 'usage', total, ...optional(counts) };
    }
    case 'error':
      return { type: 'error', message: item.value.message, reason: item.value.reason };
    case undefined:
      return undefined;
  }
}

function count(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}
