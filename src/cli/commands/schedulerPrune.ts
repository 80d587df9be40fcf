import type { PrunedFires } from '../../protocol/gen/muster/v1/schedules_pb.js';
import { defineCommand } from '../command.js';
import { agentOfScheduler } from '../lookup/fireLookup.js';
import { getProject } from '../lookup/projectLookup.js';
import { readAge } from '../options/seconds.js';
import { usageError } from '../options/usageError.js';
import { schedulerPruneShape } from '../output/compose/schedulerShapes.js';
import { projectOf } from '../output/projectReport.js';

const statuses: readonly string[] = ['succeeded', 'failed', 'canceled', 'skipped'];

export const schedulerPrune = defineCommand({
  name: 'scheduler prune',
  summary: 'take what triggers did long ago out of the history',
  positionals: [],
  options: {
    'scheduler': { type: 'string', value: 'AGENT', text: 'only of the agent that it belongs to' },
    'trigger': { type: 'string', value: 'NAME', text: 'only of this trigger' },
    'status': { type: 'string', value: 'STATUS', text: `only these, with commas between: ${statuses.join(', ')}` },
    'older-than': { type: 'string', value: 'TIME', text: 'only what is older, such as 30d or 12h' },
    'force': { type: 'boolean', text: 'do it; without it you are told what would go' },
  },
  details:
    'Threads, runs and messages stay. So does what waits or is at work, and the last start of each trigger, whose thread a sticky schedule goes on in.',
  async run(context, args) {
    const { repeatable, out, json, signal, compat } = context;
    const wanted = readStatuses(args.text('status'));
    const olderThan = args.text('older-than');
    const olderThanMs = readAge(olderThan, '--older-than') ?? 0;
    const project = await getProject(context);
    const agent = agentOfScheduler(args.text('scheduler')) ?? '';
    const trigger = args.text('trigger') ?? '';
    const force = args.flag('force');
    const request = {
      project: project.id,
      agent,
      name: triggerNameOf(trigger),
      statuses: [...wanted],
      olderThanMs: BigInt(olderThanMs),
      force,
    };
    const { matched, removed } = await repeatable(client => client.schedules.pruneFires(request, { signal }));
    if (!matched || !removed) throw new Error('The host answered without counts');
    if (json) {
      const counts = { matched, removed, force, agent, trigger, statuses: wanted, olderThan };
      out.json(schedulerPruneShape(projectOf(project, compat), counts));
      return 0;
    }
    if (force) out.line(`Removed ${matched.fires} scheduler trigger run(s); ${matched.fires} matched, 0 skipped.`);
    else
      out.line(
        `Dry-run: ${matched.fires} scheduler trigger run(s) matched; ${matched.fires} would be removed, 0 skipped.`,
      );
    out.line(`${force ? 'Removed' : 'Matched'} related: ${relatedTo(force ? removed : matched)}.`);
    if (!force && matched.fires > 0n) out.line('Use --force to remove matched scheduler trigger-run history.');
    return 0;
  },
});

function relatedTo({ scriptCalls, deliveries, deliveredThreads }: PrunedFires): string {
  return [
    `${scriptCalls} scheduler event(s)`,
    `${deliveries} event delivery row(s)`,
    `${deliveredThreads} event sandbox link(s)`,
    '0 artifact dir(s)',
    '0 artifact byte(s)',
  ].join(', ');
}

/** A trigger is named by its name, or by the id that the commands print. */
function triggerNameOf(trigger: string): string {
  return /^[^/]+\/[^/]+\/([^/]+)$/.exec(trigger)?.[1] ?? trigger;
}

function readStatuses(text = ''): readonly string[] {
  const words = text
    .split(',')
    .map(word => word.trim().toLowerCase())
    .filter(word => word !== '');
  if (words.some(word => !statuses.includes(word)))
    throw usageError(`scheduler prune --status must contain only ${statuses.join(', ')}.`);
  return [...new Set(words)].toSorted();
}
