import * as vscode from 'vscode';
import type { ScriptRun } from '../../protocol/gen/muster/v1/schedules_pb.js';
import type { TopicEvent } from '../../protocol/gen/muster/v1/topics_pb.js';
import type { HostConnection } from '../host/hostConnection.js';

const scheme = 'muster-schedule';

type Kind = 'event' | 'script';

/** Events and runs of scripts as JSON in editors that only show. */
export class ScheduleDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #host: HostConnection;
  readonly #registration: vscode.Disposable;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #over = new AbortController();
  readonly onDidChange = this.#changed.event;

  constructor(host: HostConnection) {
    this.#host = host;
    this.#registration = vscode.workspace.registerTextDocumentContentProvider(scheme, this);
  }

  dispose(): void {
    this.#over.abort();
    this.#changed.dispose();
    this.#registration.dispose();
  }

  async openEvent(id: string): Promise<void> {
    await this.#open('event', id);
  }

  async openScriptRun(id: string): Promise<void> {
    await this.#open('script', id);
  }

  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    const [, kind, id = ''] = /^\/(event|script)\/([^/]+)\//.exec(uri.path) ?? [];
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    const { shown } = await this.#read(kind === 'event' ? 'event' : 'script', id, abort.signal);
    return `${JSON.stringify(shown, undefined, 2)}\n`;
  }

  async #read(
    kind: Kind,
    id: string,
    signal: AbortSignal,
  ): Promise<{ readonly title: string; readonly shown: unknown }> {
    const { topics, schedules } = await this.#host.client(signal);
    if (kind === 'event') {
      const { event } = await topics.getTopicEvent({ id }, { signal });
      return { title: event?.topic ?? id, shown: eventJson(event) };
    }
    const { run } = await schedules.getScriptRun({ id }, { signal });
    return { title: run ? `${run.agent} ${run.trigger || 'main'}` : id, shown: scriptRunJson(run) };
  }

  async #open(kind: Kind, id: string): Promise<void> {
    const { title } = await this.#read(kind, id, this.#over.signal);
    // The name is what the tab has; which one it is says the folder.
    const name = title.replaceAll(/[/\\?#]/g, '-');
    const uri = vscode.Uri.from({ scheme, path: `/${kind}/${id}/${name}.json` });
    // What it came to may be another by now.
    this.#changed.fire(uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
  }
}

/** What the wire has as text of JSON. */
function json(text: string): unknown {
  if (text === '') return null;
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    // A record is cut to what a person reads.
    return text;
  }
}

const time = (at: bigint): string | null => (at === 0n ? null : new Date(Number(at)).toISOString());

function eventJson(event: TopicEvent | undefined): unknown {
  if (!event) return null;
  return {
    id: event.id,
    topic: event.topic,
    source: event.source,
    state: event.state,
    created_at: time(event.createdAt),
    correlation_id: event.correlationId,
    payload: json(event.payload),
    deliveries: event.deliveries.map(({ agent, trigger, state, reason, attempts, threadId }) => ({
      agent,
      trigger,
      state,
      reason,
      attempts,
      thread_id: threadId,
    })),
  };
}

function scriptRunJson(run: ScriptRun | undefined): unknown {
  if (!run) return null;
  return {
    id: run.id,
    agent: run.agent,
    trigger: run.trigger === '' ? 'main' : run.trigger,
    status: run.status,
    started_at: time(run.startedAt),
    ended_at: time(run.endedAt),
    source_sha256: run.sourceSha256,
    payload: json(run.payload),
    result: json(run.result),
    error: run.error,
    calls: run.calls.map(call => ({
      name: call.name,
      at: time(call.at),
      duration_ms: Number(call.durationMs),
      given: json(call.given),
      got: json(call.got),
      ...(call.error === '' ? {} : { error: call.error }),
      ...(call.threadId === '' ? {} : { thread_id: call.threadId }),
    })),
  };
}
