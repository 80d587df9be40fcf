import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import {
  ImageAvailabilityStatus,
  ImageOperationStatus,
  ImagePullProgressSchema,
  ImageSchema,
  ImageStoreKind,
  type ImageService,
  type ImagePlatform,
  type ImagePullProgress,
  type Image as TheirImage,
} from '../../../protocol/gen/agentcompose/v2/images_pb.js';
import type { Image, ImageStep } from '../../../protocol/gen/muster/v1/images_pb.js';
import { invalid, notFound, notYet, paged, time } from '../answers.js';
import type { OurCalls } from '../ours.js';

/** `agentcompose.v2.ImageService`: the images of the Docker Engine. */
export function imageCalls(
  { images }: OurCalls,
  environment: () => Promise<Readonly<Record<string, string>>>,
): ServiceImpl<typeof ImageService> {
  const engineOf = async (store: ImageStoreKind): Promise<string> => {
    if (store === ImageStoreKind.OCI_CACHE) throw notYet('The OCI cache', 'Images are those of the Docker Engine.');
    return (await environment())['DOCKER_HOST'] ?? '';
  };
  const named = async (engine: string, name: string): Promise<Image | undefined> =>
    (await images.listImages({ engine })).images.find(image => isCalled(image, name));
  return {
    async listImages({ store, query, all, offset, limit }) {
      const engine = await engineOf(store);
      const found = (await images.listImages({ engine })).images
        .filter(({ names }) => all || names.length > 0)
        .filter(({ names }) => query === '' || names.some(name => name.toLowerCase().includes(query.toLowerCase())));
      const { page, total } = paged(found, { offset, limit });
      return { images: page.map(image => imageOf(image)), total, storeStatus: storeOf(engine) };
    },

    async inspectImage({ imageRef, store }) {
      const engine = await engineOf(store);
      const image = await named(engine, imageRef);
      if (!image) throw notFound(`image ${JSON.stringify(imageRef)}`);
      return { image: imageOf(image), storeStatus: storeOf(engine) };
    },

    async pullImage({ imageRef: name, store, platform }, { signal }) {
      const progress: ImagePullProgress[] = [];
      let image: Image | undefined;
      const request = { engine: await engineOf(store), name, platform: platformText(platform) };
      for await (const { progress: next } of images.pullImage(request, { signal }))
        if (next.case === 'image') image = next.value;
        else if (next.case === 'step') progress.push(stepOf(next.value));
      const status = ImageOperationStatus.SUCCEEDED;
      // The last lines say how it went; the thousands before them are a bar that moves.
      return {
        status,
        resolvedRef: name,
        progress: progress.slice(-100),
        ...(image && { image: imageOf(image, name) }),
      };
    },

    async *buildImage(request, { signal }) {
      const [name = ''] = request.tags;
      if (name === '') throw invalid('The request names no tag.');
      const { contextDir: context, dockerfile, tags: names, buildArgs: args, target, noCache, pull } = request;
      const platform = platformText(request.platform);
      const engine = await engineOf(request.store);
      const wanted = { engine, context, dockerfile, names, args, target, noCache, pull, platform };
      for await (const { progress } of images.buildImage(wanted, { signal }))
        if (progress.case === 'step')
          yield { status: ImageOperationStatus.RUNNING, message: progress.value.text, imageRef: name };
        else if (progress.case === 'image')
          yield {
            status: ImageOperationStatus.SUCCEEDED,
            image: imageOf(progress.value, name),
            imageRef: name,
            resolvedRef: progress.value.id,
          };
    },

    async removeImage({ imageRef, store, force }) {
      const request = { engine: await engineOf(store), name: imageRef, force };
      const { untagged: untaggedRefs, deleted: deletedIds } = await images.removeImage(request);
      return { imageRef, untaggedRefs, deletedIds };
    },
  };
}

function isCalled({ id, names, digests }: Image, name: string): boolean {
  return id === name || [...names, ...digests].some(each => each === name || each === `${name}:latest`);
}

function imageOf(image: Image, name = image.names[0] ?? image.id): TheirImage {
  return create(ImageSchema, {
    imageId: image.id,
    imageRef: name,
    resolvedRef: image.digests[0] ?? '',
    repoTags: image.names,
    repoDigests: image.digests,
    store: ImageStoreKind.DOCKER_DAEMON,
    availabilityStatus: ImageAvailabilityStatus.AVAILABLE,
    platform: { os: image.os, architecture: image.architecture },
    sizeBytes: image.sizeBytes,
    virtualSizeBytes: image.sizeBytes,
    createdAt: time(image.createdAt),
    dangling: image.names.length === 0,
    containerCount: BigInt(image.containers),
    labels: image.labels,
  });
}

function storeOf(endpoint: string) {
  return { store: ImageStoreKind.DOCKER_DAEMON, available: true, endpoint };
}

function stepOf({ id, text: status, currentBytes, totalBytes }: ImageStep): ImagePullProgress {
  return create(ImagePullProgressSchema, { id, status, currentBytes, totalBytes });
}

function platformText(platform: ImagePlatform | undefined): string {
  return platform ? [platform.os, platform.architecture, platform.variant].filter(part => part !== '').join('/') : '';
}
