import { AppError } from '../../base/errors.js';
import type { Volume } from '../../protocol/gen/muster/v1/volumes_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { usageError } from '../options/usageError.js';
import { printRows } from '../output/projectReport.js';
import { oneLine } from '../output/terminalText.js';

const engineOption = {
  engine: { type: 'string', value: 'ADDRESS', text: 'the Docker Engine (default: DOCKER_HOST, or the usual one)' },
} as const;

const queryOption = { query: { type: 'string', value: 'TEXT', text: 'only those whose name has it' } } as const;

/** `volume`, `volume ls`. */
export const volumeList = defineCommand({
  name: 'volume ls',
  summary: 'list the volumes that Muster made on the Docker Engine',
  options: { ...engineOption, ...queryOption },
  async run(context, args) {
    const query = args.text('query')?.toLowerCase() ?? '';
    const all = await listed(context, args.text('engine'));
    const volumes = all.filter(({ name }) => name.toLowerCase().includes(query));
    if (context.json) context.out.json({ volumes: volumes.map(shapeOf), total: volumes.length });
    else printVolumes(context, volumes);
    return 0;
  },
});

export const volumeCreate = defineCommand({
  name: 'volume create',
  summary: 'make a volume on the Docker Engine, unless it is there',
  positionals: [{ name: 'name', required: true }],
  options: {
    ...engineOption,
    label: { type: 'string', multiple: true, value: 'NAME=TEXT', text: 'a label of it' },
    driver: { type: 'string', value: 'NAME', text: 'accepted: local is the only one' },
  },
  async run(context, args) {
    const driver = args.text('driver') ?? 'local';
    if (driver !== 'local')
      throw usageError(`There is no driver ${JSON.stringify(driver)} of volumes: they are local.`);
    const { signal, out, json } = context;
    const client = await context.connect();
    const request = { engine: engineOf(context, args.text('engine')), name: args.required(0) };
    const labels = labelsOf(args.list('label'));
    const { volume, created } = await client.volumes.createVolume({ ...request, labels }, { signal });
    if (json) out.json({ created, ...(volume && { volume: shapeOf(volume) }) });
    else {
      out.line(request.name);
      if (!created) out.note('It was there before, and is as it was.');
    }
    return 0;
  },
});

export const volumeInspect = defineCommand({
  name: 'volume inspect',
  summary: 'print all about a volume as JSON',
  positionals: [{ name: 'name', required: true }],
  options: engineOption,
  async run(context, args) {
    const name = args.required(0);
    const volume = (await listed(context, args.text('engine'))).find(each => each.name === name);
    if (!volume)
      throw new AppError(
        'volume.unknown',
        `Muster made no volume ${JSON.stringify(name)} on that engine. \`muster volume ls\` lists those that it made.`,
        { volume: name },
      );
    context.out.json({ volume: shapeOf(volume) });
    return 0;
  },
});

export const volumeRemove = defineCommand({
  name: 'volume rm',
  summary: 'remove volumes from the Docker Engine, with what is in them',
  positionals: [{ name: 'name…', required: true }],
  options: {
    ...engineOption,
    force: { type: 'boolean', text: 'also one that an agent names; its next run makes it again, empty' },
  },
  details: 'One that a container has is never removed, nor one that Muster did not make.',
  async run(context, args) {
    const { signal, out, json } = context;
    const client = await context.connect();
    const engine = engineOf(context, args.text('engine'));
    for (const name of args.positionals) {
      await client.volumes.removeVolume({ engine, name, force: args.flag('force') }, { signal });
      if (!json) out.line(`Removed: ${oneLine(name)}`);
    }
    if (json) out.json({ removed: args.positionals });
    return 0;
  },
});

export const volumePrune = defineCommand({
  name: 'volume prune',
  summary: 'tell which volumes no agent and no container needs; with --force remove them',
  options: { ...engineOption, ...queryOption, force: { type: 'boolean', text: 'remove them, with what is in them' } },
  async run(context, args) {
    if (args.positionals.length > 0)
      throw usageError('`volume prune` takes no volume; `muster volume rm` removes one.');
    const { signal, out, json } = context;
    const client = await context.connect();
    const dryRun = !args.flag('force');
    const engine = engineOf(context, args.text('engine'));
    const query = args.text('query') ?? '';
    const { removed, needed } = await client.volumes.pruneVolumes({ engine, query, dryRun }, { signal });
    if (json) {
      const gone = removed.map(shapeOf);
      const skipped = needed.map(shapeOf);
      out.json({ dry_run: dryRun, matched: [...gone, ...skipped], removed: dryRun ? [] : gone, skipped });
      return 0;
    }
    printVolumes(context, removed);
    out.note(dryRun ? 'Nothing was removed: `--force` removes these.' : `${removed.length} removed.`);
    return 0;
  },
});

function engineOf({ env }: CommandContext, named: string | undefined): string {
  return named ?? env['DOCKER_HOST'] ?? '';
}

async function listed(context: CommandContext, engine: string | undefined): Promise<readonly Volume[]> {
  const { repeatable, signal } = context;
  const request = { engine: engineOf(context, engine) };
  return (await repeatable(client => client.volumes.listVolumes(request, { signal }))).volumes;
}

function labelsOf(given: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.map(text => {
      const at = text.indexOf('=');
      if (at < 1) throw usageError(`--label takes NAME=TEXT, not ${JSON.stringify(text)}.`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

function printVolumes({ out }: CommandContext, volumes: readonly Volume[]): void {
  const rows = volumes.map(({ name, createdAt, projectIds, containers }) => [
    oneLine(name),
    'local',
    projectIds.join(', '),
    String(containers),
    createdText(createdAt),
  ]);
  printRows(out, [['NAME', 'DRIVER', 'PROJECTS', 'CONTAINERS', 'CREATED'], ...rows]);
}

function createdText(at: bigint): string {
  return at > 0n ? new Date(Number(at)).toISOString() : '';
}

/** A volume as agent-compose prints it; with what Muster knows besides. */
function shapeOf({ name, path, labels, createdAt, projectIds, containers }: Volume): object {
  return {
    name,
    driver: 'local',
    path,
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(projectIds[0] !== undefined && { project_id: projectIds[0] }),
    ...(createdAt > 0n && { created_at: createdText(createdAt) }),
    projects: projectIds,
    containers,
  };
}
