import { AppError } from '../../base/errors.js';
import type { ProjectSpec } from '../../compose/projectSpec.js';
import { consentSurface, type ConsentItem } from './consentSurface.js';
import type { Project } from './project.js';

/**
 * What a person agreed to, as it is stored: the keys of the items they were shown, and the hash of the spec that they
 * were shown in. A stored text of another form (of an earlier version, whose question showed less) is no consent.
 */
interface Agreement {
  readonly specHash: string;
  readonly agreed: readonly string[];
}

/** What is asked, in the order in which it is asked. */
export interface ConsentQuestion {
  /** One sentence each: what is new or another since the last agreement first. */
  readonly reasons: readonly string[];
  /** How many of them, the first ones, are new or another. All of them when nobody ever agreed to anything. */
  readonly changed: number;
}

/** The stored form of agreeing to everything that this spec asks for. */
export function agreeTo(spec: ProjectSpec, specHash: string): string {
  return print({ specHash, agreed: consentSurface(spec).map(({ key }) => key) });
}

/** True when each thing that needs consent was agreed to exactly as it is. */
export function isConsented(spec: ProjectSpec, consent: string | undefined): boolean {
  const agreed = new Set(read(consent)?.agreed);
  return consentSurface(spec).every(({ key }) => agreed.has(key));
}

/** True when a person agreed to the item with this key. */
export function isAgreedTo(consent: string | undefined, key: string): boolean {
  return read(consent)?.agreed.includes(key) ?? false;
}

/**
 * What is left of a consent under another spec: what the file no longer asks for is no longer agreed to, so that bringing it
 * back asks again.
 */
export function narrowConsent(consent: string | undefined, spec: ProjectSpec): string | undefined {
  const before = read(consent);
  if (!before) return undefined;
  const keys = new Set(consentSurface(spec).map(({ key }) => key));
  const agreed = before.agreed.filter(key => keys.has(key));
  return agreed.length === before.agreed.length ? consent : print({ ...before, agreed });
}

export function consentQuestion(spec: ProjectSpec, consent: string | undefined): ConsentQuestion {
  const agreed = new Set(read(consent)?.agreed);
  const surface = consentSurface(spec);
  const isAgreed = ({ key }: ConsentItem): boolean => agreed.has(key);
  const changed = surface.filter(each => !isAgreed(each));
  const known = surface.filter(isAgreed);
  return { reasons: [...changed, ...known].map(({ text }) => text), changed: changed.length };
}

/** Nothing of a project starts before a person agreed to what its file asks for. Errors: `consent.required`. */
export function requireConsent(project: Project): void {
  if (isConsented(project.spec, project.consent)) return;
  throw consentRequired(project, {
    why: `Project ${project.name} waits for your consent`,
    fix: 'Agree with `muster up` (or `muster up --yes`).',
  });
}

/** The error that carries the question to whoever can ask a person. */
export function consentRequired(
  { name, spec, specHash, consent }: Pick<Project, 'name' | 'spec' | 'specHash' | 'consent'>,
  { why, fix = '' }: { readonly why: string; readonly fix?: string },
): AppError<'consent.required'> {
  const { reasons, changed } = consentQuestion(spec, consent);
  const text = `${why}: ${reasons.join(' ')}${fix && ` ${fix}`}`;
  return new AppError('consent.required', text, { project: name, reasons, changed, specHash });
}

function print(agreement: Agreement): string {
  return JSON.stringify(agreement);
}

function read(consent: string | undefined): Agreement | undefined {
  if (!consent?.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(consent);
    if (typeof value !== 'object' || value === null) return undefined;
    const { specHash, agreed }: { readonly specHash?: unknown; readonly agreed?: unknown } = value;
    if (typeof specHash !== 'string' || !Array.isArray(agreed)) return undefined;
    return { specHash, agreed: agreed.filter(key => typeof key === 'string') };
  } catch {
    // A damaged agreement is none: it is asked again.
    return undefined;
  }
}
