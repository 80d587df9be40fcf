import type { AgentSpec, PullPolicy } from '../../compose/projectSpec.js';
import type { Project } from '../projects/project.js';
import type { ImageBuild } from './image.js';

/** What the containers of an agent are made of. */
export interface AgentImage {
  readonly name: string;
  /** Where it comes from when the engine does not have it; missing: it is fetched. */
  readonly build?: ImageBuild | undefined;
  readonly pull: PullPolicy;
}

/** The image that an agent names or builds; undefined for one that has neither. */
export function agentImage(agent: AgentSpec, project: Pick<Project, 'name' | 'folder'>): AgentImage | undefined {
  const pull = agent.sandbox.pull ?? 'missing';
  const { build, image } = agent;
  if (!build) return image === undefined ? undefined : { name: image, pull };
  const [first = `muster/${slug(project.name)}-${slug(agent.name)}:latest`, ...others] =
    image === undefined ? build.tags : [image, ...build.tags];
  return {
    name: first,
    pull,
    build: {
      context: inFolder(project.folder, build.context),
      dockerfile: build.dockerfile,
      target: build.target,
      args: Object.fromEntries(build.args.map(({ name, value }) => [name, value])),
      platform: build.platforms[0],
      names: [first, ...others],
      noCache: build.noCache,
      pull: build.pull,
    },
  };
}

/** Only what an engine takes in a name. */
function slug(text: string): string {
  return (
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '') || 'image'
  );
}

function inFolder(folder: string, path: string): string {
  if (path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path)) return path;
  return path === '.' ? folder : `${folder}/${path.replace(/^\.\//, '')}`;
}
