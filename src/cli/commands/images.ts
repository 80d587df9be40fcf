import type { Image } from '../../protocol/gen/muster/v1/images_pb.js';
import { defineCommand } from '../command.js';
import { usageError } from '../options/usageError.js';
import { imageShape, imageStoreShape, shortId } from '../output/compose/imageShapes.js';
import { printRows } from '../output/projectReport.js';
import { oneLine } from '../output/terminalText.js';

const engineOption = {
  engine: { type: 'string', value: 'ADDRESS', text: 'the Docker Engine (default: DOCKER_HOST, or the usual one)' },
} as const;

/** `images`, `image ls`. */
export const imageList = defineCommand({
  name: 'images',
  summary: 'list the images of the Docker Engine',
  options: {
    ...engineOption,
    query: { type: 'string', value: 'TEXT', text: 'only those whose name has it' },
    all: { type: 'boolean', short: 'a', text: 'also those without a name' },
  },
  async run(context, args) {
    const { repeatable, signal, out, json, compat } = context;
    const engine = args.text('engine') ?? context.env['DOCKER_HOST'] ?? '';
    const answer = await repeatable(client => client.images.listImages({ engine }, { signal }));
    const query = args.text('query')?.toLowerCase();
    const images = answer.images
      .filter(({ names }) => args.flag('all') || names.length > 0)
      .filter(({ names }) => query === undefined || names.some(name => name.toLowerCase().includes(query)));
    if (json) {
      const total = images.length;
      const count = {
        ...(compat !== 'seed' && { total }),
        ...(compat !== 'head' && { total_count: total, has_more: false, next_offset: 0 }),
      };
      const store = imageStoreShape(answer.engine);
      out.json({ images: images.map(image => imageShape(image, compat)), ...count, store_status: store });
    } else printRows(out, [['IMAGE ID', 'REF', 'STATUS', 'SIZE', 'CREATED'], ...images.flatMap(rowsOf)]);
    return 0;
  },
});

/** `image inspect`. */
export const imageInspect = defineCommand({
  name: 'image inspect',
  summary: 'print all that the engine says of an image, as JSON',
  positionals: [{ name: 'image', required: true }],
  options: engineOption,
  async run(context, args) {
    const { repeatable, signal, out, compat } = context;
    const engine = args.text('engine') ?? context.env['DOCKER_HOST'] ?? '';
    const name = args.required(0);
    // One that is not there is told by the host.
    const { json } = await repeatable(client => client.images.inspectImage({ engine, name }, { signal }));
    const listed = await repeatable(client => client.images.listImages({ engine }, { signal }));
    const image = listed.images.find(({ id, names }) => id === name || names.some(each => isName(each, name)));
    out.json({
      ...(image && { image: imageShape(image, compat) }),
      store_status: imageStoreShape(engine),
      ...(compat === undefined && { details: JSON.parse(json) }),
    });
    return 0;
  },
});

/** `rmi`, `image rm`. */
export const imageRemove = defineCommand({
  name: 'rmi',
  summary: 'remove images from the Docker Engine',
  positionals: [{ name: 'image…', required: true }],
  options: {
    ...engineOption,
    'force': { type: 'boolean', text: 'also one that stopped containers are made of, or that has several names' },
    'prune-children': { type: 'boolean', text: 'accepted: layers that nobody has any more always go' },
  },
  async run(context, args) {
    const { signal, out, json } = context;
    const engine = args.text('engine') ?? context.env['DOCKER_HOST'] ?? '';
    const client = await context.connect();
    const removed: object[] = [];
    for (const name of args.positionals) {
      const answer = await client.images.removeImage({ engine, name, force: args.flag('force') }, { signal });
      const { untagged, deleted } = answer;
      removed.push({
        image_ref: name,
        ...(untagged.length > 0 && { untagged_refs: untagged }),
        ...(deleted.length > 0 && { deleted_ids: deleted }),
      });
      if (json) continue;
      for (const each of untagged) out.line(`Untagged: ${each}`);
      for (const each of deleted) out.line(`Deleted: ${each}`);
      out.line(`Removed: ${name}`);
    }
    if (json) out.json(removed.length === 1 ? removed[0] : removed);
    return 0;
  },
});

/** `image prune`. */
export const imagePrune = defineCommand({
  name: 'image prune',
  summary: 'remove images that Muster built and no agent, sandbox or container needs',
  options: { ...engineOption, 'dry-run': { type: 'boolean', text: 'only tell which' } },
  details: 'Images that were fetched stay: other programs may need them. `muster rmi` removes one.',
  async run(context, args) {
    if (args.positionals.length > 0) throw usageError('`image prune` takes no image; `muster rmi` removes one.');
    const { signal, out, json, compat } = context;
    const client = await context.connect();
    const dryRun = args.flag('dry-run');
    const { images } = await client.images.pruneImages(
      { engine: args.text('engine') ?? context.env['DOCKER_HOST'] ?? '', dryRun },
      { signal },
    );
    if (json) {
      const rows = images.flatMap(({ image, problem }) =>
        image ? [{ ...imageShape(image, compat), ...(problem !== '' && { problem }) }] : [],
      );
      out.json({ dry_run: dryRun, images: rows });
      return 0;
    }
    printRows(out, [
      ['IMAGE ID', 'REF', 'STATUS', 'SIZE', 'CREATED'],
      ...images.flatMap(({ image }) => (image ? rowsOf(image) : [])),
    ]);
    for (const { problem } of images) if (problem !== '') out.note(oneLine(problem));
    const gone = images.filter(({ problem }) => problem === '').length;
    out.note(dryRun ? 'Nothing was removed.' : `${gone} removed.`);
    return 0;
  },
});

function rowsOf(image: Image): readonly (readonly string[])[] {
  const { id, names, sizeBytes, createdAt } = image;
  const created = createdAt > 0n ? new Date(Number(createdAt)).toISOString() : '';
  const megabytes = `${(Number(sizeBytes) / 1e6).toFixed(0)} MB`;
  const refs = names.length === 0 ? ['<none>'] : names;
  return refs.map(ref => [shortId(id), oneLine(ref), 'available', megabytes, created]);
}

function isName(full: string, name: string): boolean {
  return full === name || full === `${name}:latest`;
}
