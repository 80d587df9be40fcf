import type { Agent, Change, Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { agentShape, changeShape, projectShape, sandboxShape, schedulersOf, type Era } from './compose/shapes.js';
import type { Printer } from './printer.js';
import { oneLine } from './terminalText.js';
import { formatTable } from './table.js';
import { agentJson, projectJson, threadJson } from './wireJson.js';

/** A project as `--json` prints it: our keys and agent-compose's, or exactly those of one era. */
export function projectOf(project: Project, era: Era) {
  const theirs = projectShape(project, era);
  return era === undefined ? { ...theirs, ...projectJson(project) } : theirs;
}

/** An agent in the same way. */
export function agentOf(project: Project, agent: Agent, era: Era) {
  const theirs = agentShape(project, agent, era);
  return era === undefined ? { ...theirs, ...agentJson(agent) } : theirs;
}

/** A thread as the sandbox that its worktree is. */
export function sandboxOf(thread: Thread, era: Era) {
  const theirs = sandboxShape(thread, era);
  return era === undefined ? { ...theirs, ...threadJson(thread) } : theirs;
}

/** The block that `up` and `down` print. */
export function printProject(out: Printer, project: Project, status: string): void {
  const lines: readonly (readonly [string, string])[] = [
    ['Project', oneLine(project.name)],
    ['ID', project.id],
    ['Revision', String(project.revision)],
    ['Spec', project.specHash],
    ['Status', status],
    ['Agents', String(project.agents.length)],
    ['Schedulers', String(schedulersOf(project).length)],
  ];
  for (const [name, value] of lines) out.line(`${name}: ${value}`);
}

/** What changed, with the reason where one is known; the newer agent-compose prints this table alone, turned around. */
export function printChanges(out: Printer, changes: readonly Change[], era: Era): void {
  if (changes.length === 0 && era === undefined) return;
  const messages = changes.some(({ message }) => message !== '');
  const turn = (cells: readonly string[]): readonly string[] => (era === 'head' ? cells.toReversed() : cells);
  const heading = [...turn(['ACTION', 'TYPE', 'NAME', 'ID']), ...(messages ? ['MESSAGE'] : [])];
  const rows = changes.map(change => {
    const { action, resource_type: type } = changeShape(change, era);
    const cells = turn([action, type, oneLine(change.name), change.resourceId]);
    return [...cells, ...(messages ? [oneLine(change.message) || '-'] : [])];
  });
  if (era !== 'head') out.line();
  printRows(out, [heading, ...rows]);
}

/** Aligned columns; an empty cell is a dash. */
export function printRows(out: Printer, rows: readonly (readonly string[])[]): void {
  for (const line of formatTable(rows.map(row => row.map(text => ({ text: text || '-' }))))) out.line(line);
}
