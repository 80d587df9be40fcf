import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { isId } from '../../base/ids.js';
import type { DriverSpec } from '../../compose/projectSpec.js';
import { builtLabel, type Image, type ImageBuild, type ImageStep } from '../../core/images/image.js';
import type { Watching } from '../../core/images/imageDriver.js';
import type { ImageService } from '../../core/images/imageService.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import {
  ImageSchema,
  ImageStepSchema,
  type BuildImageRequest,
  type Image as WireImage,
  type ImageService as WireImageService,
} from '../../protocol/gen/muster/v1/images_pb.js';
import { absolutePath, engineOf, fail, given } from './requestFields.js';
import { stepsOf } from './stepsOf.js';

export interface ImagesApiOptions {
  readonly store: Store<Stores>;
  readonly images: ImageService;
  /** Counts open streams: a host does not end while it builds. */
  readonly onWatch: () => { dispose(): void };
}

export function imagesApi({ store, images, onWatch }: ImagesApiOptions): ServiceImpl<typeof WireImageService> {
  return {
    async listImages({ engine }) {
      return { images: (await images.list(engineOf(engine))).map(wireImage), engine };
    },
    async inspectImage({ engine, name }) {
      return { json: JSON.stringify(await images.inspect(engineOf(engine), nameOf(name))) };
    },
    async *pullImage({ engine, name, platform }, { signal }) {
      const request = { name: nameOf(name), platform: given(platform) };
      yield* progress(watching => images.pull(engineOf(engine), request, watching), signal);
    },
    async *buildImage(request, { signal }) {
      const { engine, build } = wanted(request);
      yield* progress(watching => images.build(engine, build, watching), signal);
    },
    async removeImage({ engine, name, force }) {
      const { untagged, deleted } = await images.remove(engineOf(engine), nameOf(name), { force });
      return { untagged: [...untagged], deleted: [...deleted] };
    },
    async pruneImages({ engine, dryRun }) {
      const pruned = await images.prune(engineOf(engine), { dryRun });
      return { images: pruned.map(({ image, problem = '' }) => ({ image: wireImage(image), problem })) };
    },
  };

  async function* progress(work: (watching: Watching) => Promise<Image>, signal: AbortSignal) {
    const watching = onWatch();
    try {
      for await (const next of stepsOf<ImageStep, Image>(onStep => work({ onStep, signal })))
        yield 'step' in next
          ? { progress: { case: 'step' as const, value: wireStep(next.step) } }
          : { progress: { case: 'image' as const, value: wireImage(next.result) } };
    } finally {
      watching.dispose();
    }
  }

  function wanted(request: BuildImageRequest): { readonly engine: DriverSpec; readonly build: ImageBuild } {
    const { projectId, agent, context } = request;
    const changes = { ...(request.noCache && { noCache: true }), ...(request.pull && { pull: true }) };
    if (agent !== '') {
      const project = isId<'project'>(projectId) ? store.read(stores => stores.projects.get(projectId)) : undefined;
      if (!project) throw fail('project_id', 'there is no such project');
      const { engine, build } = images.ofAgent(project, agent);
      return { engine, build: { ...build, ...changes } };
    }
    const args = { ...request.args };
    const [first, ...others] = request.names;
    const names = first === undefined ? undefined : ([first, ...others] as const);
    const options = { target: given(request.target), platform: given(request.platform), ...changes };
    const engine = engineOf(request.engine);
    if (context === '')
      return { engine, build: images.ofGuest({ ...options, args, ...(names && { names: [...names] }) }) };
    if (!names) throw fail('names', 'an image has a name');
    const dockerfile = given(request.dockerfile) ?? 'Dockerfile';
    const own = { context: absolutePath(context, 'context'), dockerfile, names: [...names] as const, args };
    return { engine, build: { noCache: false, pull: false, ...options, ...own } };
  }
}

function nameOf(name: string): string {
  if (name === '' || /[\s\p{C}]/u.test(name)) throw fail('name', `${JSON.stringify(name)} is no name of an image`);
  return name;
}

function wireStep({ id, text, currentBytes = 0, totalBytes = 0 }: ImageStep) {
  return create(ImageStepSchema, { id, text, currentBytes: BigInt(currentBytes), totalBytes: BigInt(totalBytes) });
}

function wireImage(image: Image): WireImage {
  return create(ImageSchema, {
    id: image.id,
    names: [...image.names],
    digests: [...image.digests],
    createdAt: BigInt(Math.round(image.createdAt)),
    sizeBytes: BigInt(image.sizeBytes),
    os: image.os ?? '',
    architecture: image.architecture ?? '',
    labels: { ...image.labels },
    containers: image.containers,
    built: Object.hasOwn(image.labels, builtLabel),
  });
}
