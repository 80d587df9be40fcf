import type { ProjectRef } from '../../../protocol/gen/agentcompose/v2/types_pb.js';
import type { Agent, Project } from '../../../protocol/gen/muster/v1/projects_pb.js';
import { invalid, notFound } from '../answers.js';
import type { OurCalls } from '../ours.js';

/** The project that a reference names. */
export async function findProject({ projects }: OurCalls, reference: ProjectRef | undefined): Promise<Project> {
  const { case: kind, value = '' } = reference?.selector ?? {};
  if (value === '') throw invalid('The request names no project: give its id, name or source path.');
  const { project } = await projects.getProject(kind === 'sourcePath' ? { file: value } : { project: value });
  if (!project) throw notFound(`project ${value}`);
  return project;
}

/** The same with one of its agents, which has a scheduler. */
export async function findScheduler(
  ours: OurCalls,
  reference: ProjectRef | undefined,
  agentName: string,
): Promise<{ readonly project: Project; readonly agent: Agent }> {
  const project = await findProject(ours, reference);
  const agent = project.agents.find(({ name, hasScheduler }) => name === agentName && hasScheduler);
  if (!agent) throw notFound(`scheduler of ${JSON.stringify(agentName)} in project ${project.name}`);
  return { project, agent };
}
