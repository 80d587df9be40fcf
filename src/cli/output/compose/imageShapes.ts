import type { Image, ImageStep } from '../../../protocol/gen/muster/v1/images_pb.js';
import type { Era } from './shapes.js';

/** An image as agent-compose prints it. */
export function imageShape(image: Image, era: Era): object {
  const { id, names, digests, os, architecture, sizeBytes, createdAt, containers, labels } = image;
  return {
    image_id: id,
    ...(era !== 'seed' && { short_id: shortId(id) }),
    image_ref: names[0] ?? id,
    ...(resolvedName(image) !== undefined && { resolved_ref: resolvedName(image) }),
    ...(names.length > 0 && { repo_tags: names }),
    ...(digests.length > 0 && { repo_digests: digests }),
    store: 'docker',
    availability_status: 'available',
    ...(os !== '' && { platform: { os, architecture } }),
    size_bytes: Number(sizeBytes),
    virtual_size_bytes: Number(sizeBytes),
    ...(createdAt > 0n && { created_at: new Date(Number(createdAt)).toISOString() }),
    dangling: names.length === 0,
    container_count: containers,
    ...(Object.keys(labels).length > 0 && { labels }),
  };
}

/** The name by its content: of the repository that is meant, where the image has several. */
export function resolvedName({ names, digests }: Image, name = names[0] ?? ''): string | undefined {
  const repository = name.replace(/(?<=[^/]):[^/:]*$/, '');
  return digests.find(digest => digest.startsWith(`${repository}@`)) ?? digests[0];
}

/** The engine as agent-compose prints it. */
export function imageStoreShape(engine: string): object {
  return { store: 'docker', available: true, ...(engine !== '' && { endpoint: engine }) };
}

/** One line of progress as agent-compose prints it. */
export function imageStepShape({ id, text, currentBytes, totalBytes }: ImageStep): object {
  return {
    ...(id !== '' && { id }),
    status: text,
    ...(currentBytes > 0n && { current_bytes: Number(currentBytes) }),
    ...(totalBytes > 0n && { total_bytes: Number(totalBytes) }),
  };
}

/** Twelve digits of a digest. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}
