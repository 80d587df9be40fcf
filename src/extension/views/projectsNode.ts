/** A row of the Projects tree; the same row keeps the same object for as long as it is shown. */
export type ProjectsNode = ProjectNode | AgentNode | TriggerNode | RunNode | FileNode;

export interface ProjectNode {
  readonly kind: 'project';
  readonly projectId: string;
}

export interface AgentNode {
  readonly kind: 'agent';
  readonly projectId: string;
  readonly agent: string;
}

export interface TriggerNode {
  readonly kind: 'trigger';
  readonly projectId: string;
  readonly agent: string;
  /** Place among the agent's triggers. */
  readonly index: number;
  /** Task of the run; empty: the usual one. */
  readonly prompt: string;
}

/** The latest run of one of the agent's threads. */
export interface RunNode {
  readonly kind: 'run';
  readonly projectId: string;
  readonly threadId: string;
}

/** A compose file that no project was applied from. */
export interface FileNode {
  readonly kind: 'file';
  readonly file: string;
}

/** True for what the tree hands to a command about projects and agents. */
export function isProjectsNode(value: unknown): value is ProjectNode | AgentNode | FileNode {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  if (value.kind === 'file') return 'file' in value && typeof value.file === 'string';
  if (!('projectId' in value) || typeof value.projectId !== 'string') return false;
  return value.kind === 'project' || (value.kind === 'agent' && 'agent' in value && typeof value.agent === 'string');
}
