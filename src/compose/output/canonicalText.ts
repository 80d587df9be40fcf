import { stringify } from 'yaml';
import type { ProjectSpec } from '../projectSpec.js';
import { canonicalProject } from './canonicalProject.js';
import { redactSpec } from './redactSpec.js';

export interface CanonicalTextOptions {
  /** Secrets become `********`. What is printed or logged must be redacted. */
  readonly redacted: boolean;
}

/** One line, no spaces, no newline at the end. */
export function canonicalJson(spec: ProjectSpec, options: CanonicalTextOptions): string {
  return JSON.stringify(canonicalProject(options.redacted ? redactSpec(spec) : spec));
}

/** Block style, a newline at the end; the same content as the JSON. */
export function canonicalYaml(spec: ProjectSpec, options: CanonicalTextOptions): string {
  return stringify(canonicalProject(options.redacted ? redactSpec(spec) : spec), {
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
}
