import type { ProjectRef } from '../../../protocol/gen/agentcompose/v2/types_pb.js';
import type { Project } from '../../../protocol/gen/muster/v1/projects_pb.js';
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
