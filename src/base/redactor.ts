/** Shapes of well-known keys, so that one which nobody announced is not written either. */
const knownShapes: readonly RegExp[] = [
  /\bsk-(?:ant-|proj-|or-)?[A-Za-z0-9_-]{20,}/g,
  /\bgh[pousr]_[A-Za-z0-9]{30,}/g,
  /\bgithub_pat_[A-Za-z0-9_]{40,}/g,
  /\bAIza[0-9A-Za-z_-]{35}/g,
  /\bAKIA[0-9A-Z]{16}\b/g,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}/g,
  /\bglpat-[A-Za-z0-9_-]{20,}/g,
  /\b[sr]k_(?:live|test)_[A-Za-z0-9]{20,}/g,
  // Of Muster's own facades.
  /\bmuster_(?:llm|far)_[A-Za-z0-9_-]{20,}(?:\.[A-Za-z0-9_-]+)?/g,
  // A JSON Web Token: three parts, of which the first is a JSON object.
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g,
  // A whole private key; an escaped line end where it stands in JSON.
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];

/** Shorter values would blank out ordinary words. */
const minimumLength = 8;

/** What stands in place of a secret. */
export const redacted = '********';

/** Keeps secrets whose values this host knows out of its own log and errors. What agents say goes through `SecretMask`. */
export class Redactor {
  readonly #values = new Set<string>();
  #pattern: RegExp | undefined;

  /** Adds the exact value of a secret. Values under 8 characters are ignored. */
  add(value: string): void {
    if (value.length < minimumLength || this.#values.has(value)) return;
    this.#values.add(value);
    // Inside JSON a value appears escaped.
    const escaped = JSON.stringify(value).slice(1, -1);
    if (escaped !== value) this.#values.add(escaped);
    this.#pattern = undefined;
  }

  /** The text with every known secret replaced. */
  redact(text: string): string {
    let result = text;
    if (this.#values.size > 0) result = result.replace(this.#exact(), redacted);
    for (const shape of knownShapes) result = result.replace(shape, redacted);
    return result;
  }

  #exact(): RegExp {
    // Longest first, so that a secret which contains another is replaced whole.
    this.#pattern ??= new RegExp(
      [...this.#values]
        .toSorted((a, b) => b.length - a.length)
        .map(value => value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
        .join('|'),
      'g',
    );
    return this.#pattern;
  }
}

/** True for a variable whose value is a secret by its name. */
export function isSecretName(name: string): boolean {
  return /(?:_|^)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$|PASSWORD|SECRET|API_?KEY|ACCESS_?TOKEN|AUTH_?TOKEN/i.test(
    name,
  );
}
