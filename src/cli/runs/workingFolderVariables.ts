import { ownValue } from '../../base/ownValue.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { CommandContext } from '../command.js';

/**
 * Variables that secrets of the project refer to and that only `.env` of the working folder has: the host, which reads env files
 * beside the compose file itself, does not know that folder. Nothing is read when this process has them all.
 */
export async function workingFolderVariables(
  { env, directory }: Pick<CommandContext, 'env' | 'directory'>,
  project: Project | undefined,
): Promise<Readonly<Record<string, string>>> {
  const missing = (project?.environmentNames ?? []).filter(name => ownValue(env, name) === undefined);
  if (!project || missing.length === 0) return {};
  const { readComposeSource } = await import('../lookup/composeFile.js');
  const { readEnvFiles } = await import('../lookup/envFiles.js');
  // A compose file that is gone is the run's own error.
  const source = await readComposeSource(project.file).catch(() => undefined);
  if (!source) return {};
  const lookUp = (name: string): string | undefined => ownValue(env, name);
  const files = await readEnvFiles({ file: project.file, source, directory, lookUp });
  if (!files.ofWorkingFolder) return {};
  const found = missing.map(name => [name, files.values.findLast(file => file.has(name))?.get(name)] as const);
  return Object.fromEntries(found.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
