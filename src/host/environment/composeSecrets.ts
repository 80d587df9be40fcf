import { basename, dirname } from 'node:path';
import { AppError, errorMessage } from '../../base/errors.js';
import type { Redactor } from '../../base/redactor.js';
import { referencedNames } from '../../compose/normalize/interpolate.js';
import { mapSecrets } from '../../compose/output/mapSecrets.js';
import { parseCompose } from '../../compose/parseCompose.js';
import type { ProjectSpec } from '../../compose/projectSpec.js';
import { decodeComposeFile } from './decodeComposeFile.js';

/** Stands in the database where the file has the text of a secret; the names that the text refers to follow. */
const mark = 'sealed:';
/** For variables that are not known here; valid wherever one may stand, also as an address. */
const anyValue = 'https://unset.invalid';
const wholeReference = /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/;

/** A text that was sealed; only {@link ComposeSecrets} knows what it was. */
function isSealed(template: string): boolean {
  return template.startsWith(mark);
}

/**
 * Secrets whose text stands in a compose file. The database gets a digest with a key of this machine instead; the text is
 * read from the file again when a run starts, and must still be the one that was applied.
 */
export class ComposeSecrets {
  readonly #digest: (secret: string) => string;
  readonly #redactor: Redactor;

  constructor(options: { readonly digest: (secret: string) => string; readonly redactor: Redactor }) {
    this.#digest = options.digest;
    this.#redactor = options.redactor;
  }

  /** The spec as it may be stored: each secret is a reference to a variable, or sealed. */
  seal(spec: ProjectSpec): ProjectSpec {
    return mapSecrets(spec, text => this.#seal(text) ?? text);
  }

  /**
   * The spec with the texts that were sealed, taken from the compose file as it is now. Errors: `compose.unreadable`,
   * `project.conflict` when the file has another text by now.
   */
  async unseal(spec: ProjectSpec, file: string): Promise<ProjectSpec> {
    const sealed = sealedTexts(spec);
    if (sealed.size === 0) return spec;
    const texts = await this.#readTexts(file);
    const missing = [...sealed].find(text => !texts.has(text));
    if (missing !== undefined) throw changed(spec.name, file);
    return mapSecrets(spec, text => texts.get(text) ?? text);
  }

  /** Lets the redactor know what a project's file has, so that a new host hides it from the first line on. */
  async announce(spec: ProjectSpec, file: string): Promise<void> {
    if (sealedTexts(spec).size === 0) return;
    // A file that is gone or changed is the next run's error.
    await this.#readTexts(file).catch(() => undefined);
  }

  /** What the file says, by its sealed form. */
  async #readTexts(file: string): Promise<ReadonlyMap<string, string>> {
    const text = await read(file);
    // Only what is secret is looked at: a variable that nobody has here must not make the file invalid.
    const { spec } = parseCompose(text, {
      directoryName: basename(dirname(file)),
      env: () => anyValue,
      valuesUnknown: true,
    });
    const texts = new Map<string, string>();
    if (!spec) return texts;
    mapSecrets(spec, template => {
      const sealed = this.#seal(template);
      if (sealed !== undefined) texts.set(sealed, template);
      if (sealed !== undefined && referencedNames(template).length === 0) this.#redactor.add(template);
      return template;
    });
    return texts;
  }

  /** Undefined for what may be stored as it is. */
  #seal(text: string): string | undefined {
    if (text === '' || wholeReference.test(text)) return undefined;
    const names = referencedNames(text).map(name => `\${${name}}`);
    return [mark + this.#digest(text), ...names].join(' ');
  }
}

function sealedTexts(spec: ProjectSpec): ReadonlySet<string> {
  const found = new Set<string>();
  mapSecrets(spec, text => {
    if (isSealed(text)) found.add(text);
    return text;
  });
  return found;
}

async function read(file: string): Promise<string> {
  try {
    return await decodeComposeFile(file);
  } catch (error) {
    const reason = errorMessage(error);
    throw new AppError(
      'compose.unreadable',
      `A secret of the project stands in ${file}, which cannot be read: ${reason}.`,
      { file, reason },
      { cause: error },
    );
  }
}

function changed(project: string, file: string): AppError<'project.conflict'> {
  return new AppError(
    'project.conflict',
    `A secret in ${file} is not the one that was applied. Apply the file again with \`muster up\`, then follow up.`,
    { project, expected: '', found: '' },
  );
}
