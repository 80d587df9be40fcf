import { resolve } from 'node:path';
import { AppError } from '../../base/errors.js';
import type { Image, ImageProgress, ImageStep } from '../../protocol/gen/muster/v1/images_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { findProject, getProject } from '../lookup/projectLookup.js';
import { usageError } from '../options/usageError.js';
import { imageShape, imageStepShape, resolvedName } from '../output/compose/imageShapes.js';
import { oneLine } from '../output/terminalText.js';

const shared = {
  engine: { type: 'string', value: 'ADDRESS', text: 'the Docker Engine (default: DOCKER_HOST, or the usual one)' },
  platform: { type: 'string', value: 'OS/ARCH', text: 'os/arch[/variant] (default: the engine’s own)' },
} as const;

/** `pull`, `image pull`. */
export const imagePull = defineCommand({
  name: 'pull',
  summary: 'fetch images to the Docker Engine',
  positionals: [{ name: 'image…', required: false }],
  options: shared,
  details:
    'Without an image: those that the agents of the project name. Registries are logged in to with `docker login`.',
  async run(context, args) {
    const platform = args.text('platform') ?? '';
    if (platform !== '' && !/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/.test(platform))
      throw usageError(`invalid --platform ${JSON.stringify(platform)}: expected os/arch[/variant]`);
    const named = args.positionals.length > 0;
    const names = named ? args.positionals : await imagesOfProject(context);
    const client = await context.connect();
    const engine = args.text('engine') ?? context.env['DOCKER_HOST'] ?? '';
    const pulled: object[] = [];
    for (const name of names) {
      const stream = client.images.pullImage({ engine, name, platform }, { signal: context.signal });
      const { image, steps } = await followed(context, stream);
      const resolved = resolvedName(image, name);
      pulled.push(
        made(context, { name, image, status: 'pulled', more: { progress: steps.slice(-20).map(imageStepShape) } }),
      );
      if (context.json) continue;
      context.out.line(`Pulled ${name}`);
      if (resolved !== undefined) context.out.line(`Resolved: ${resolved}`);
    }
    if (context.json) context.out.json(named && pulled.length === 1 ? pulled[0] : { images: pulled });
    return 0;
  },
});

const buildOptions = {
  ...shared,
  'tag': { type: 'string', short: 't', value: 'NAME', text: 'its name; may be repeated' },
  'dockerfile': { type: 'string', value: 'FILE', text: 'relative to the folder (default: Dockerfile)' },
  'target': { type: 'string', value: 'STAGE', text: 'stage to build' },
  'build-arg': { type: 'string', value: 'NAME=VALUE', text: 'argument of the Dockerfile; may be repeated' },
  'no-cache': { type: 'boolean', text: 'build every step again' },
  'pull': { type: 'boolean', text: 'fetch newer base images first' },
} as const;

/** `image build`, `build`. */
export const imageBuild = defineCommand({
  name: 'image build',
  summary: 'build the image of Muster’s own, of agents, or of a folder',
  positionals: [{ name: 'agent|folder…', required: false }],
  options: buildOptions,
  details:
    'Without a word: muster-guest:latest, which has git, Node, the CLIs of Claude, Codex, Gemini and OpenCode, and Jupyter (`--build-arg BASE=…` for another Debian with Node). With names of agents: what their `build` says. With a folder (`./images/dev`): its Dockerfile, under the name that --tag gives.',
  async run(context, args) {
    const { signal } = context;
    const client = await context.connect();
    const common = {
      engine: args.text('engine') ?? context.env['DOCKER_HOST'] ?? '',
      noCache: args.flag('no-cache'),
      pull: args.flag('pull'),
    };
    const names = [...args.list('tag')];
    const own = {
      ...common,
      names,
      target: args.text('target') ?? '',
      platform: args.text('platform') ?? '',
      dockerfile: args.text('dockerfile') ?? '',
      args: Object.fromEntries(args.list('build-arg').map(readArgument)),
    };
    const requestOf = async (subject: string) => {
      if (subject === '') return own;
      const isFolder = /[./\\]/.test(subject);
      if (!isFolder) return { ...common, projectId: (await getProject(context)).id, agent: subject };
      if (names.length === 0) throw usageError('An image of a folder needs a name: `--tag NAME`.');
      return { ...own, context: resolve(context.directory, subject) };
    };
    const built: object[] = [];
    for (const subject of args.positionals.length === 0 ? [''] : args.positionals) {
      const request = await requestOf(subject);
      const { image } = await followed(context, client.images.buildImage(request, { signal }));
      const name = names[0] ?? image.names[0] ?? image.id;
      built.push(made(context, { name, image, status: 'built', more: {} }));
      if (!context.json) context.out.line(`Built ${name}`);
    }
    if (context.json) context.out.json(args.positionals.length > 1 ? { images: built } : built[0]);
    return 0;
  },
});

function readArgument(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw usageError(`invalid --build-arg ${JSON.stringify(text)}: expected NAME=VALUE`);
}

async function imagesOfProject(context: CommandContext): Promise<readonly string[]> {
  const project = await findProject(context);
  const names = (project?.agents ?? []).map(({ image }) => image).filter(image => image !== '');
  if (names.length > 0) return [...new Set(names)];
  throw usageError('No agent of the project names an image; say which: `muster pull IMAGE`.');
}

/** Shows what the engine says; what it repeats of a layer is shown when it is new. */
async function followed(
  { out, json }: CommandContext,
  stream: AsyncIterable<ImageProgress>,
): Promise<{ readonly image: Image; readonly steps: readonly ImageStep[] }> {
  const steps: ImageStep[] = [];
  const told = new Map<string, string>();
  for await (const { progress } of stream) {
    if (progress.case === 'image') return { image: progress.value, steps };
    if (progress.case !== 'step') continue;
    const step = progress.value;
    const line = lineOf(step);
    if (step.id !== '' && told.get(step.id) === line) continue;
    told.set(step.id, line);
    steps.push(step);
    if (!json) out.note(line);
  }
  throw new AppError('internal', 'The host ended without an image.', { detail: 'no image' });
}

/** To the tenth: a line for every packet is of no use to anybody. */
function lineOf({ id, text, currentBytes, totalBytes }: ImageStep): string {
  const part = totalBytes > 0n ? ` ${Math.floor((10 * Number(currentBytes)) / Number(totalBytes)) * 10} %` : '';
  return oneLine(`${id === '' ? '' : `${id}: `}${text}${part}`);
}

function made(
  { compat }: CommandContext,
  facts: { readonly name: string; readonly image: Image; readonly status: string; readonly more: object },
): object {
  const { name, image, status, more } = facts;
  const resolved = resolvedName(image, name);
  return {
    image_ref: name,
    ...(resolved !== undefined && { resolved_ref: resolved }),
    status,
    image: imageShape(image, compat),
    ...more,
  };
}
