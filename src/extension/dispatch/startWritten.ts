import * as vscode from 'vscode';
import { deferred, untilAborted } from '../../base/async.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import { applyComposeFile } from '../projects/applyComposeFile.js';
import type { ComposeFileState } from '../projects/composeFileStates.js';
import type { Services } from '../services.js';
import { windowClosing } from '../windowClosing.js';
import { runAgent } from './runAgent.js';
import { fireWritten } from './triggers.js';

const listedWithinMs = 5_000;

/** An agent, or a trigger of it, as a compose file in an editor words it, and what a person wants of it. */
export interface WrittenAgent {
  readonly file: vscode.Uri;
  readonly agent: string;
  readonly start: 'run' | 'dispatch' | 'fire';
  /** Of the trigger; empty: the usual task. */
  readonly prompt: string;
}

/** True for what the lenses of a compose file hand to their command. */
export function isWrittenAgent(value: unknown): value is WrittenAgent {
  return (
    typeof value === 'object' &&
    value !== null &&
    'file' in value &&
    value.file instanceof vscode.Uri &&
    'agent' in value &&
    typeof value.agent === 'string' &&
    'start' in value &&
    (value.start === 'run' || value.start === 'dispatch' || value.start === 'fire') &&
    'prompt' in value &&
    typeof value.prompt === 'string'
  );
}

/** True where what is applied may be another agent than the one in the file: that must not run under its name. */
export function isUnapplied(state: ComposeFileState, { agent, start }: Pick<WrittenAgent, 'agent' | 'start'>): boolean {
  if (state.kind !== 'changed') return state.kind !== 'applied';
  return state.changes.some(({ action, resourceType, name, message }) => {
    if (action === 'unchanged') return false;
    // What all agents share: providers, variables. Beside changes of agents it is told without a word of its own.
    if (resourceType === 'project') return message !== '';
    return name === agent && (resourceType === 'agent' || start === 'fire');
  });
}

/** Starts it as it is on screen: what is not applied is applied first, with the questions of that. */
export async function startWritten(services: Services, written: WrittenAgent): Promise<void> {
  const { file, agent, start, prompt } = written;
  const project = (await appliedProject(services, written)) ?? (await applyComposeFile(services, file));
  if (!project?.agents.some(({ name }) => name === agent)) return;
  const reference = { projectId: project.id, agent };
  switch (start) {
    case 'run':
      return runAgent(services, reference);
    case 'dispatch':
      await whenListed(services, project);
      await vscode.commands.executeCommand('muster.dispatch', { kind: 'agent', ...reference });
      return;
    case 'fire':
      return fireWritten(services, { ...reference, prompt });
  }
}

/** The project, if what is in the editor is what is applied. The host says so, because a lens may be older than the file. */
async function appliedProject(services: Services, written: WrittenAgent): Promise<Project | undefined> {
  const { file } = written;
  if (vscode.workspace.textDocuments.some(({ uri, isDirty }) => isDirty && uri.toString() === file.toString())) {
    return undefined;
  }
  await services.host.client(windowClosing);
  const state = await services.composeFiles.check(file.fsPath);
  return state && !isUnapplied(state, written) ? services.composeFiles.projectOf(file.fsPath) : undefined;
}

/** What was just applied reaches this window's lists with the next event of the host. One that is late is not waited for: then the command says what it does not know. */
async function whenListed({ host }: Services, { id, revision }: Project): Promise<void> {
  const isListed = (): boolean => (host.projects.get(id)?.revision ?? 0) >= revision;
  if (isListed()) return;
  const listed = deferred<void>();
  const subscription = host.onDidChange(() => {
    if (isListed()) listed.resolve();
  });
  const late = AbortSignal.any([windowClosing, AbortSignal.timeout(listedWithinMs)]);
  await untilAborted(listed.promise, late).catch(() => undefined);
  void subscription.dispose();
}
