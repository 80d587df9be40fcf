import { isAppError } from '../../base/errors.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { CommandContext } from '../command.js';
import { findComposeFile } from './findComposeFile.js';

/** What names the project on the command line: a name, a compose file, or the folder that the command works in. */
function askedFor({ projectName, file, directory }: CommandContext): {
  readonly project?: string;
  readonly file?: string;
  readonly folder?: string;
} {
  if (projectName !== undefined) return { project: projectName };
  return file === undefined ? { folder: directory } : { file };
}

/** The project that the command is about, if any was applied. Throws `project.unknown` for one that was named. */
export async function findProject(context: CommandContext): Promise<Project | undefined> {
  try {
    return await getProject(context);
  } catch (error) {
    const named = context.projectName !== undefined || context.file !== undefined;
    if (!named && isAppError(error, 'project.unknown')) return undefined;
    throw error;
  }
}

/** The same; throws `project.unknown` when there is none. One that was taken down is found by its file. */
export async function getProject(context: CommandContext): Promise<Project> {
  const { repeatable, directory, signal } = context;
  const asked = askedFor(context);
  const request = asked.file === undefined ? asked : { file: await findComposeFile(directory, asked.file) };
  try {
    return present((await repeatable(({ projects }) => projects.getProject(request, { signal }))).project);
  } catch (error) {
    if (request.folder === undefined || !isAppError(error, 'project.unknown')) throw error;
    const file = await findComposeFile(directory, undefined).catch(() => undefined);
    if (file === undefined) throw error;
    return present((await repeatable(({ projects }) => projects.getProject({ file }, { signal }))).project);
  }
}

function present(project: Project | undefined): Project {
  if (!project) throw new Error('The host answered without a project');
  return project;
}
