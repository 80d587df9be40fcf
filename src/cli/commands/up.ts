import { createInterface } from 'node:readline/promises';
import { AppError, isAppError } from '../../base/errors.js';
import type { HostClient } from '../../client/hostClient.js';
import type { ApplyProjectResponse } from '../../protocol/gen/muster/v1/projects_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { checkComposeFile, findComposeFile, type LocalCheck } from '../composeFile.js';
import { oneLine } from '../output/style.js';
import { formatTable } from '../output/table.js';
import { changeJson, projectJson } from '../output/wireJson.js';

export const up = defineCommand({
  name: 'up',
  summary: 'apply the compose file',
  options: {
    'yes': { type: 'boolean', short: 'y', text: 'consent to what the file asks for, without a question' },
    'dry-run': { type: 'boolean', text: 'only tell what would change' },
  },
  details:
    'Agents with `permissions: auto` outside a container, and user-defined commands, need the consent of a person. On a terminal ' +
    '`up` lists why and asks; elsewhere it needs --yes.',
  async run(context, args) {
    const file = await findComposeFile(context.directory, context.file);
    const check = await checkComposeFile(file, context.env);
    for (const warning of check.warnings) context.out.note(`warning: ${oneLine(warning)}`);
    if (check.errors.length > 0) throw invalid(file, check.errors);
    const client = await context.connect();
    const response = await apply(client, {
      context,
      file,
      check,
      consent: args.flag('yes'),
      dryRun: args.flag('dry-run'),
    });
    report(context, response, { dryRun: args.flag('dry-run'), check });
    return 0;
  },
});

interface Application {
  readonly context: CommandContext;
  readonly file: string;
  readonly check: LocalCheck;
  readonly consent: boolean;
  readonly dryRun: boolean;
}

async function apply(client: HostClient, application: Application): Promise<ApplyProjectResponse> {
  const { context, file, check, consent, dryRun } = application;
  try {
    const environment = { ...check.environment };
    return await client.projects.applyProject({ file, environment, consent, dryRun }, { signal: context.signal });
  } catch (error) {
    if (!isAppError(error, 'consent.required') || consent || !canAsk(context)) throw error;
    if (!(await askForConsent(context, error))) throw error;
    return await apply(client, { ...application, consent: true });
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
  for (const reason of error.data.reasons) out.note(`  ${oneLine(reason)}`);
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

function report(
  { out, json }: CommandContext,
  { project, applied, unchanged, changes, warnings }: ApplyProjectResponse,
  { dryRun, check }: { readonly dryRun: boolean; readonly check: LocalCheck },
): void {
  if (json) {
    out.json({
      project: project ? projectJson(project) : null,
      revision: { revision: project?.revision ?? 0, spec_hash: project?.specHash ?? '' },
      applied,
      unchanged,
      changes: changes.map(changeJson),
      warnings,
    });
    return;
  }
  if (check.warnings.length === 0) for (const warning of warnings) out.note(`warning: ${oneLine(warning)}`);
  if (!project) return;
  const revision = `${out.style.bold(oneLine(project.name))} revision ${project.revision}`;
  if (unchanged) out.line(`${revision}: nothing changed.`);
  else out.line(dryRun ? `${oneLine(project.name)}: this would change.` : `${revision} is applied.`);
  const rows = changes
    .filter(({ action }) => action !== 'unchanged')
    .map(({ action, resourceType, name, message }) => [
      { text: `  ${action}` },
      { text: resourceType },
      { text: oneLine(name) },
      { text: oneLine(message) },
    ]);
  for (const line of formatTable(rows)) out.line(line);
  for (const agent of project.agents) {
    if (agent.problem !== '') out.note(`${oneLine(agent.name)}: ${oneLine(agent.problem)}`);
  }
}

function invalid(file: string, problems: readonly string[]): AppError<'compose.invalid'> {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return new AppError('compose.invalid', `The compose file ${file} has ${count}.`, { file, problems });
}
