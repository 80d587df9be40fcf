import { AppError, isAnyAppError } from '../../base/errors.js';
import { defined } from '../../base/defined.js';
import type { ProjectSpec } from '../../compose/projectSpec.js';
import { unkeptBudgets } from '../models/unkeptBudgets.js';
import type { Move, MovedRepositories } from './movedRepositories.js';
import type { Applied, ProjectService } from './projectService.js';
import { reposOf, requireApart, whyNotTogether, type RepositoryFinder } from './repositories.js';
import { ScriptSources, type ChooseSource } from './scriptSources.js';

/** Port: where compose files are and what they say. */
export interface ComposeReader {
  /** The file by its one path. Errors: `compose.unreadable`. */
  read(file: string): Promise<ComposeText>;
  /** Never throws for what the text says; errors: `compose.invalid` for an env file that cannot be read. */
  parse(compose: ComposeText, options: ReadOptions): Promise<ParsedCompose>;
}

export interface ComposeText {
  /** Absolute; links in the folder's path are resolved. It is the project's identity. */
  readonly file: string;
  readonly folder: string;
  readonly text: string;
}

export interface ParseOptions {
  /** Variables of the client that applies. */
  readonly environment: Readonly<Record<string, string>>;
  /** Wins over the name in the file. */
  readonly projectName?: string;
}

export interface ReadOptions extends ParseOptions {
  readonly chooseSource: ChooseSource;
}

export interface ParsedCompose {
  /** As it may be stored: secrets are references or sealed. Missing when the text has errors. */
  readonly result?: { readonly spec: ProjectSpec; readonly specHash: string };
  /** Every problem, in the order of the file. */
  readonly problems: readonly { readonly message: string; readonly isError: boolean }[];
}

export interface ApplyRequest extends ParseOptions {
  /** A person agreed to everything that the file asks for. */
  readonly consent: boolean;
  readonly dryRun: boolean;
  readonly expectedHash?: string;
  readonly submittedHash?: string;
}

export interface AppliedCompose extends Applied {
  readonly warnings: readonly string[];
  /** What else came of it, for people. */
  readonly notes: readonly string[];
}

/** Applying a compose file: read, parse, find what it makes run or redirect, have that agreed to, write the revision. */
export class ApplyProject {
  readonly #reader: ComposeReader;
  readonly #projects: ProjectService;
  readonly #moves: MovedRepositories;
  readonly #repositories: RepositoryFinder;
  readonly #sources = new ScriptSources();

  constructor(options: {
    readonly reader: ComposeReader;
    readonly projects: ProjectService;
    readonly moves: MovedRepositories;
    readonly repositories: RepositoryFinder;
  }) {
    this.#reader = options.reader;
    this.#projects = options.projects;
    this.#moves = options.moves;
    this.#repositories = options.repositories;
  }

  /** Applies the file as it is now. Errors: `compose.unreadable`, those of {@link applyText}. */
  async applyFile(file: string, request: ApplyRequest): Promise<AppliedCompose> {
    return this.applyText(await this.#reader.read(file), request);
  }

  /** Applies a text that is in hand. Errors: `compose.invalid`, `consent.required`, `project.conflict`. */
  async applyText(compose: ComposeText, request: ApplyRequest): Promise<AppliedCompose> {
    const { file, folder } = compose;
    const { dryRun, expectedHash } = request;
    const { parsed, consent, submittedHash } = await this.#parse(compose, request);
    if (!parsed.result) throw invalid(file, parsed);
    refuseUnkeptBudgets(file, parsed.result.spec);
    await this.#requireRepositories(compose, parsed.result.spec);
    const move = await this.#moves.find(folder);
    const moved = move && this.#moves.moved(move, file);
    // Whether or not the file is agreed to: its project and threads would be lost sight of otherwise.
    const threads = move && !dryRun ? await this.#moves.takeAlong(move) : 0;
    const applied = this.#projects.apply({
      file,
      folder,
      ...parsed.result,
      consent,
      dryRun,
      ...defined({ expectedHash, submittedHash, moved }),
    });
    if (applied.applied) await this.#moves.remember(folder);
    return {
      ...applied,
      warnings: parsed.problems.map(({ message }) => message),
      notes: move && !dryRun ? [movedText(move, threads)] : [],
    };
  }

  /** Errors: `compose.invalid` for other repositories that agents could not work in, as far as this machine has them now. */
  async #requireRepositories({ file, folder }: ComposeText, spec: ProjectSpec): Promise<void> {
    const problems: string[] = [];
    for (const agent of spec.agents.filter(each => each.enabled && reposOf(each).length > 0)) {
      const reason = whyNotTogether(spec, agent);
      if (reason !== undefined) problems.push(reason);
      else
        await requireApart(this.#repositories, folder, agent).catch((error: unknown) => {
          if (!isAnyAppError(error)) throw error;
          problems.push(`agents.${agent.name}.workspace.repos: ${error.message}`);
        });
    }
    if (problems.length > 0) throw new AppError('compose.invalid', problems.join('\n'), { file, problems });
  }

  /**
   * Where a person agreed to what was shown, and scripts that are to be fetched were all of it that could be shown, that was the
   * first of two questions: they are fetched now, and what came is asked about.
   */
  async #parse(
    compose: ComposeText,
    request: ApplyRequest,
  ): Promise<{ readonly parsed: ParsedCompose } & Pick<ApplyRequest, 'consent' | 'submittedHash'>> {
    const { environment, projectName, consent, dryRun, submittedHash } = request;
    const { file } = compose;
    const before = this.#projects.appliedFrom(file);
    const parse = async (): Promise<ParsedCompose> => {
      const toAll = consent && submittedHash === undefined;
      const chooseSource = this.#sources.choose({ file, before, dryRun, toAll });
      return await this.#reader.parse(compose, { environment, chooseSource, ...defined({ projectName }) });
    };
    const parsed = await parse();
    const open = parsed.result ? unfetched(parsed.result.spec) : [];
    if (!consent || open.length === 0 || parsed.result?.specHash !== submittedHash)
      return { parsed, consent, ...defined({ submittedHash }) };
    this.#sources.agree(file, open);
    return { parsed: await parse(), consent: false };
  }
}

function unfetched(spec: ProjectSpec) {
  return spec.agents.flatMap(({ name: agent, enabled, scheduler }) => {
    const source = enabled && scheduler?.enabled ? scheduler.script : undefined;
    return source?.provider === 'http' || source?.provider === 'git' ? [{ agent, source }] : [];
  });
}

function movedText({ from }: Move, threads: number): string {
  const came = threads === 0 ? 'what it had' : threads === 1 ? 'its thread' : `its ${threads} threads`;
  return `This repository was at ${from.root} before; ${came} came along.`;
}

/** A budget that nobody can keep would be a promise: it is refused, not ignored. */
function refuseUnkeptBudgets(file: string, spec: ProjectSpec): void {
  const problems = unkeptBudgets(spec).map(
    agent =>
      `agents.${agent}.budget: ${agent} reaches its models by itself, so nobody can stop it at a budget. Add llm: facade, or take the budget out.`,
  );
  if (problems.length > 0) throw new AppError('compose.invalid', problems.join('\n'), { file, problems });
}

function invalid(file: string, { problems }: ParsedCompose): AppError<'compose.invalid'> {
  const errors = problems.filter(({ isError }) => isError).map(({ message }) => message);
  return new AppError('compose.invalid', errors.join('\n'), { file, problems: errors });
}
