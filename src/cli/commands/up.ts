import { createInterface } from 'node:readline/promises';
import { AppError, isAppError } from '../../base/errors.js';
import type { HostClient } from '../../client/hostClient.js';
import type { ApplyProjectResponse } from '../../protocol/gen/muster/v1/projects_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { checkComposeFile, invalidCompose, type LocalCheck } from '../lookup/composeFile.js';
import { findComposeFile } from '../lookup/findComposeFile.js';
import { oneLine } from '../output/terminalText.js';
import { printChanges, printProject, projectOf } from '../output/projectReport.js';
import { changeShape } from '../output/compose/shapes.js';
import { usageError } from '../options/usageError.js';

export const up = defineCommand({
  name: 'up',
  summary: 'apply the compose file',
  options: {
    'yes': { type: 'boolean', short: 'y', text: 'consent to what the file asks for, without a question' },
    'dry-run': { type: 'boolean', text: 'only tell what would change' },
  },
  details:
    'What the file makes this machine run or where it sends something (commands, arguments, `permissions: auto`, most environment ' +
    'variables, images, servers) needs the consent of a person. On a terminal `up` lists all of it, what is new first, and asks; ' +
    'elsewhere it needs --yes.',
  async run(context, args) {
    if (context.compat === 'head' && context.projectName !== undefined)
      throw usageError('With --compat head, --project-name names an applied project and `up` does not take it.');
    const file = await findComposeFile(context.directory, context.file);
    const check = await checkComposeFile({ ...context, file });
    for (const warning of check.warnings) context.out.note(`warning: ${oneLine(warning)}`);
    if (check.errors.length > 0) throw invalidCompose(file, check.errors);
    const client = await context.connect();
    const dryRun = args.flag('dry-run');
    const toAll = args.flag('yes');
    const application = { context, file, check, consent: toAll, toAll };
    const planned = await apply(client, { ...application, dryRun: true, expected: '', submitted: '' });
    // What is applied is what was shown and consented to: a change of project or file in between is a conflict.
    const response = dryRun
      ? planned
      : await apply(client, {
          ...application,
          dryRun,
          expected: planned.previousSpecHash,
          submitted: planned.project?.specHash ?? '',
        });
    report(context, response, { check });
    return 0;
  },
});

interface Application {
  readonly context: CommandContext;
  readonly file: string;
  readonly check: LocalCheck;
  readonly consent: boolean;
  /** Consent was given before anything was shown. */
  readonly toAll: boolean;
  readonly dryRun: boolean;
  /** Hash of what was applied before; empty: whatever it is. */
  readonly expected: string;
  /** Hash of the file as it was shown; empty: as it is. */
  readonly submitted: string;
}

async function apply(client: HostClient, application: Application): Promise<ApplyProjectResponse> {
  const { context, file, check, consent, dryRun, expected, submitted } = application;
  try {
    const environment = { ...check.environment };
    const projectName = context.projectName ?? '';
    return await client.projects.applyProject(
      {
        file,
        environment,
        consent,
        dryRun,
        projectName,
        expectedSpecHash: expected,
        submittedSpecHash: submitted,
      },
      { signal: context.signal },
    );
  } catch (error) {
    if (!isAppError(error, 'consent.required')) throw error;
    // What was shown is agreed to, and nothing else; a script that had to be fetched is a question of its own.
    const { specHash } = error.data;
    const isAgreed = application.toAll
      ? specHash !== submitted
      : canAsk(context) && (await askForConsent(context, error));
    if (!isAgreed) throw error;
    return await apply(client, { ...application, consent: true, submitted: specHash });
  }
}

function canAsk({ stdin, json }: CommandContext): boolean {
  return stdin.isTTY && process.stderr.isTTY && !json;
}

async function askForConsent(
  { stdin, out, signal }: CommandContext,
  error: AppError<'consent.required'>,
): Promise<boolean> {
  out.note(`${error.data.project} asks for your consent:`);
  for (const line of questionLines(error.data)) out.note(line);
  const reader = createInterface({ input: stdin, output: process.stderr });
  try {
    const answer = await reader.question('Apply it? [y/N] ', { signal });
    return /^\s*y(es)?\s*$/i.test(answer);
  } catch (cause) {
    throw new AppError('cancelled', 'The question was left without an answer.', {}, { cause });
  } finally {
    reader.close();
  }
}

/** What is new first. The headings are there only when something was agreed to before. */
function questionLines({ reasons, changed }: AppError<'consent.required'>['data']): readonly string[] {
  const lines = reasons.map(reason => `  ${oneLine(reason)}`);
  if (changed === 0 || changed >= lines.length) return lines;
  return ['New since it was agreed to:', ...lines.slice(0, changed), 'As before:', ...lines.slice(changed)];
}

function report(
  { out, json, compat }: CommandContext,
  { project, applied, unchanged, changes, warnings, notes }: ApplyProjectResponse,
  { check }: { readonly check: LocalCheck },
): void {
  if (!project) return;
  if (json) {
    out.json({
      project: projectOf(project, compat),
      revision: { revision: project.revision, spec_hash: project.specHash },
      applied,
      unchanged,
      changes: changes.map(change => changeShape(change, compat)),
      ...(compat === undefined && { warnings, notes }),
    });
    return;
  }
  if (check.warnings.length === 0) for (const warning of warnings) out.note(`warning: ${oneLine(warning)}`);
  for (const note of notes) out.note(oneLine(note));
  if (compat !== 'head') printProject(out, project, !applied ? 'not-applied' : unchanged ? 'unchanged' : 'applied');
  printChanges(out, changes, compat);
  for (const agent of project.agents) {
    if (agent.problem !== '') out.note(`${oneLine(agent.name)}: ${oneLine(agent.problem)}`);
  }
}
