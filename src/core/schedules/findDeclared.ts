import { AppError } from '../../base/errors.js';
import type { Project } from '../projects/project.js';
import { declaredTriggers, type DeclaredTrigger } from './trigger.js';

/** Names a trigger inside a project; without `name` the only one of the agent. */
export interface TriggerName {
  readonly agent: string;
  readonly name?: string | undefined;
}

/** Errors: `trigger.unknown`, also when the agent has several and none is named. */
export function findDeclared(project: Project, { agent, name }: TriggerName): DeclaredTrigger {
  const all = declaredTriggers(project).filter(each => each.agent === agent);
  const matching = name === undefined ? all : all.filter(each => each.name === name);
  const [only, ...others] = matching;
  if (only && others.length === 0) return only;
  const known = all.map(each => each.name).join(', ');
  const agents = project.spec.agents.map(each => each.name);
  const words = !agents.includes(agent)
    ? `There is no agent ${JSON.stringify(agent)} in ${project.name}. Known agents: ${agents.join(', ')}.`
    : only
      ? `Agent ${agent} has several triggers: ${known}. Name one.`
      : `Agent ${agent} of ${project.name} has no ${name === undefined ? 'trigger' : `trigger ${JSON.stringify(name)}`}. ${known === '' ? 'It has none that is enabled in the file.' : `Known: ${known}.`}`;
  throw new AppError('trigger.unknown', words, { agent, known: all.map(each => each.name) });
}
