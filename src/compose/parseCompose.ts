import type { ComposeDiagnostic } from './diagnostic.js';
import { ProblemList } from './diagnostic.js';
import { withoutLeftOut } from './leftOut.js';
import { normalizeProject } from './normalize/normalizeProject.js';
import type { ProjectSpec } from './projectSpec.js';
import { project } from './schema/projectFields.js';
import type { ComposeNode } from './source/composeNode.js';
import { readComposeText, type ComposeText } from './source/composeText.js';
import { followAliases } from './source/followAliases.js';
import type { YamlReading } from './source/readYaml.js';
import { LineMap } from './source/textPosition.js';
import { StructureCheck } from './structure.js';

export interface ComposeOptions {
  /** Shown in front of messages. */
  readonly file?: string | undefined;
  /** Base name of the folder that holds the file; the default project name is made from it. */
  readonly directoryName?: string | undefined;
  /** Wins over `name` in the file. */
  readonly projectName?: string | undefined;
  /** Environment variables for `${NAME}`: env files first, then the process environment (which wins). */
  readonly env: (name: string) => string | undefined;
  /**
   * Exactly agent-compose's language: no aliases and merge keys, no `x-` fields, no variables but `${NAME}`.
   */
  readonly exact?: boolean | undefined;
  /** `env` makes values up: what hangs on the value of a variable is not refused. */
  readonly valuesUnknown?: boolean | undefined;
}

export interface ComposeResult {
  /** All problems of the file, in file order. */
  readonly diagnostics: readonly ComposeDiagnostic[];
  /** Present exactly when no diagnostic is an error. */
  readonly spec?: ProjectSpec | undefined;
}

/** Reads, checks and normalises a compose file (YAML or JSON). Never throws. */
export function parseCompose(source: string | ComposeText, options: ComposeOptions): ComposeResult {
  const read = typeof source === 'string' ? readComposeText(source) : source;
  const problems = new ProblemList();
  const spec = checkAndNormalize(read, options, problems);
  const diagnostics = problems.diagnostics(new LineMap(read.text), options.file);
  return problems.hasErrors ? { diagnostics } : { diagnostics, spec };
}

function checkAndNormalize(read: ComposeText, options: ComposeOptions, problems: ProblemList): ProjectSpec | undefined {
  const root = readChecked(read, options, problems);
  if (root?.kind !== 'mapping') return undefined;
  return normalizeProject(root, { ...options, text: read.text, problems });
}

/** The tree, when it is whole enough to look at what its values mean together. */
function readChecked(
  { text, yaml }: ComposeText,
  { exact = false }: ComposeOptions,
  problems: ProblemList,
): ComposeNode | undefined {
  const reading = exact ? yaml : withAliases(yaml);
  for (const problem of reading.problems) {
    problems.add({
      code: problem.code,
      pass: 'parse',
      severity: problem.severity,
      path: '',
      span: problem.span,
      text: problem.text,
    });
  }
  const broken = reading.problems.some(problem => problem.severity === 'error');
  if (!reading.root) {
    if (!broken)
      problems.add({
        code: 'compose.empty',
        pass: 'parse',
        path: '',
        span: { start: 0, end: 0 },
        text: 'empty document',
      });
    return undefined;
  }
  new StructureCheck({ text, problems, extensions: !exact }).check(reading.root, project);
  return broken ? undefined : withoutLeftOut(reading.root, project);
}

function withAliases(reading: YamlReading): YamlReading {
  if (!reading.root) return reading;
  const { root, problem } = followAliases(reading.root);
  return { root, problems: problem ? [...reading.problems, problem] : reading.problems };
}
