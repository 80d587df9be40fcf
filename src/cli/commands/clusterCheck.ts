import type { PlaceFinding } from '../../protocol/gen/muster/v1/sandboxes_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { getProject } from '../lookup/projectLookup.js';
import { usageError } from '../options/usageError.js';
import { oneLine } from '../output/terminalText.js';

/** Anything else is told as what nobody knows. */
const marks: ReadonlyMap<string, string> = new Map([
  ['ok', '✓'],
  ['warn', '!'],
  ['fail', '✗'],
]);

export const clusterCheck = defineCommand({
  name: 'cluster check',
  summary: 'look whether the cluster of agents could take their runs',
  positionals: [{ name: 'agent…', required: false }],
  options: {
    fix: { type: 'boolean', text: 'make what is missing: namespace, service account, network policy' },
  },
  details:
    'Without a name: every agent of the project with driver: kubernetes. Asks the API server for rights, nodes, quota and what the file names, then makes up to three ' +
    'pods like those of runs, looks from inside for the programs and whether network policies are enforced, and removes them. No repository is sent and no model is asked. ' +
    'Exit status 1 when something fails; warnings are none.',
  async run(context, args) {
    const { out, json } = context;
    const { id, agents } = await getProject(context);
    const inClusters = agents.filter(({ driver }) => driver === 'kubernetes').map(({ name }) => name);
    const names = args.positionals.length > 0 ? args.positionals : inClusters;
    if (names.length === 0) throw usageError('No agent of the project has driver: kubernetes.');
    const checked: { readonly agent: string; readonly findings: readonly PlaceFinding[] }[] = [];
    for (const name of names) {
      if (names.length > 1 && !json) out.line(`${oneLine(name)}:`);
      const findings = await look(context, { projectId: id, agent: name, fix: args.flag('fix') });
      checked.push({ agent: name, findings });
    }
    const ok = checked.every(({ findings }) => findings.every(({ status }) => status !== 'fail'));
    if (json)
      out.json({ ok, agents: checked.map(({ agent, findings }) => ({ agent, findings: findings.map(shapeOf) })) });
    return ok ? 0 : 1;
  },
});

async function look(
  context: CommandContext,
  request: { readonly projectId: string; readonly agent: string; readonly fix: boolean },
): Promise<readonly PlaceFinding[]> {
  const { out, json, signal } = context;
  const client = await context.connect();
  const findings: PlaceFinding[] = [];
  for await (const finding of client.sandboxes.checkPlace(request, { signal })) {
    findings.push(finding);
    if (json) continue;
    const { name, status, tried, found, advice } = finding;
    out.line(`${marks.get(status) ?? '?'} ${oneLine(name)}: ${oneLine(found)}`);
    if (status !== 'ok') out.line(`    tried: ${oneLine(tried)}`);
    if (advice !== '') out.line(`    ${oneLine(advice)}`);
  }
  return findings;
}

function shapeOf({ name, status, tried, found, advice, fixed }: PlaceFinding) {
  return { name, status, tried, found, ...(advice !== '' && { advice }), fixed };
}
