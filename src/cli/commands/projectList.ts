import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { listedProjectShape, schedulersOf } from '../output/compose/shapes.js';
import { printRows } from '../output/projectReport.js';
import { oneLine } from '../output/terminalText.js';
import { projectJson } from '../output/wireJson.js';
import { isoTime } from '../output/wireText.js';
import { readCount } from '../options/readCount.js';

export const projectList = defineCommand({
  name: 'project ls',
  summary: 'list the applied projects',
  options: {
    verbose: { type: 'boolean', text: 'show the compose file and the hash too' },
    limit: { type: 'string', value: 'N', text: 'at most so many' },
    offset: { type: 'string', value: 'N', text: 'leave out so many' },
  },
  async run(context, args) {
    const { repeatable, out, json, signal } = context;
    const { projects } = await repeatable(client => client.projects.listProjects({}, { signal }));
    const offset = readCount(args.text('offset'), '--offset') ?? 0;
    const limit = readCount(args.text('limit'), '--limit') ?? projects.length;
    const shown = await Promise.all(
      projects
        .slice(offset, offset + limit)
        .map(async project => ({ project, latest: await latestRun(context, project) })),
    );
    if (json) {
      out.json({
        projects: shown.map(({ project, latest }) => ({
          ...listedProjectShape(project, latest),
          ...(context.compat === undefined && projectJson(project)),
        })),
        total: projects.length,
      });
      return 0;
    }
    const more = args.flag('verbose');
    if (context.compat !== undefined) {
      printRows(
        out,
        eraRows(
          shown.map(({ project }) => project),
          { more },
        ),
      );
      return 0;
    }
    const rows = shown.map(({ project, latest }) => [
      project.id,
      oneLine(project.name),
      String(project.revision),
      String(project.agents.length),
      String(project.agents.reduce((sum, { active }) => sum + active, 0)),
      latest?.id ?? '',
      ...(more ? [project.specHash] : []),
      oneLine(more ? project.file : project.folder),
    ]);
    const heading = [
      'ID',
      'NAME',
      'REVISION',
      'AGENTS',
      'RUNNING',
      'LATEST RUN',
      ...(more ? ['SPEC', 'FILE'] : ['FOLDER']),
    ];
    printRows(out, [heading, ...rows]);
    return 0;
  },
});

async function latestRun({ repeatable, signal }: CommandContext, { id }: Project) {
  const { runs } = await repeatable(client => client.runs.listRuns({ project: id, limit: 1 }, { signal }));
  return runs[0];
}

/** The table of agent-compose. */
function eraRows(projects: readonly Project[], { more }: { readonly more: boolean }): readonly (readonly string[])[] {
  const heading = more
    ? [
        'ID',
        'NAME',
        'CONFIG FILE',
        'REVISION',
        'AGENTS',
        'SCHEDULERS',
        'SERVICES',
        'PROJECT DIR',
        'SPEC HASH',
        'UPDATED',
        'STATUS',
      ]
    : ['ID', 'NAME', 'CONFIG FILE', 'AGENTS', 'SCHEDULERS'];
  const rows = projects.map(project => {
    const counts = [String(project.agents.length), String(schedulersOf(project).length)];
    const named = [project.id, oneLine(project.name), oneLine(project.file)];
    if (!more) return [...named, ...counts];
    const applied = [oneLine(project.folder), project.specHash, isoTime(project.appliedAt), 'active'];
    return [...named, String(project.revision), ...counts, '0', ...applied];
  });
  return [heading, ...rows];
}
